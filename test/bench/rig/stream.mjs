// A stream through a flow, seen from outside, in a process of its own: publishes `{n}` at a steady rate and notes
// what comes back and when. Asked over IPC: { stream: 'begin' }, and { stream: 'end' }, which gives all rows when the
// last has come.  node stream.mjs PORT FROM TO PER_SECOND
import { connectAsync } from 'mqtt';

const DEADLINE_MS = 20_000;
const [port, from, to, perSecond] = process.argv.slice(2);
const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: 'stream', protocolVersion: 4 });
const rows = [];
let sent = 0;
let timer;
client.on('message', (_topic, payload) => rows.push({ ...JSON.parse(payload), at: performance.now() }));
await client.subscribeAsync(to, { qos: 1 });

function begin() {
  const began = performance.now();
  timer = setInterval(() => {
    const due = ((performance.now() - began) * perSecond) / 1000;
    while (sent < due) client.publish(from, JSON.stringify({ n: ++sent }), { qos: 1 });
  }, 2);
}

/** After the last row a moment passes, in which one that comes twice would come. */
async function end() {
  clearInterval(timer);
  const deadline = performance.now() + DEADLINE_MS;
  while (new Set(rows.map(({ n }) => n)).size < sent && performance.now() < deadline) await pause(50);
  await pause(500);
  return { sent, rows: rows.map(({ n, version, at }) => ({ n, version, at })) };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

process.on('message', ({ stream }) => {
  if (stream === 'begin') process.send({ stream: begin() ?? true });
  if (stream === 'end') void end().then((result) => process.send({ stream: result }));
});
console.log('ready');
