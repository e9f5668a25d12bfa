// The world around what is measured, in a process of its own: publishes prepared packets over a bare socket, which
// costs it next to nothing, and receives the rows. Asked over IPC:
//   { flood }: at most `window` messages ahead of the rows, as fast as they come back; gives seconds
//   { pace }: `rate` messages a second; gives the milliseconds from a row's last message to the row
// Both check that every expected row came back once, in order.
import { once } from 'node:events';
import { connect } from 'node:net';
import { connectAsync } from 'mqtt';
import { byHand, messages, PAIR_MS, sameRows } from './sensors.mjs';

const DEADLINE_MS = 60_000;
const port = Number(process.argv[2]);
const socket = await publisher(port);
const collector = await connectAsync(`mqtt://127.0.0.1:${port}`, {
  clientId: 'collector',
  protocolVersion: 4,
});
let onRow = () => {};
collector.on('message', (_topic, payload) => onRow(payload));
const feeds = new Map();

process.on('message', (ask) => {
  if (ask.flood) reply('flood', flood(ask.flood));
  else if (ask.pace) reply('pace', pace(ask.pace));
});
console.log('ready');

const reply = (name, work) =>
  work.then(
    (result) => process.send({ [name]: result }),
    (error) => process.send({ error: error.stack }),
  );

async function publisher(at) {
  const opened = connect(at, '127.0.0.1');
  opened.setNoDelay(true);
  const id = Buffer.from('load');
  const head = [0, 4, 77, 81, 84, 84, 4, 2, 0, 0, 0, id.length];
  opened.write(Buffer.concat([Buffer.from([0x10, head.length + id.length, ...head]), id]));
  await once(opened, 'data');
  // Acknowledgements are taken and not looked at: the rows say what arrived.
  opened.on('data', () => {});
  return opened;
}

/** A PUBLISH packet of MQTT 3.1.1. */
function packet(topic, payload, qos, number) {
  const name = Buffer.from(topic);
  const body = Buffer.from(payload);
  let left = 2 + name.length + (qos > 0 ? 2 : 0) + body.length;
  const bytes = [0x30 | (qos << 1)];
  do bytes.push((left & 127) | (left > 127 ? 128 : 0));
  while ((left >>= 7) > 0);
  bytes.push(name.length >> 8, name.length & 255);
  const id = (number % 65_535) + 1;
  return Buffer.concat([Buffer.from(bytes), name, Buffer.from(qos > 0 ? [id >> 8, id & 255] : []), body]);
}

/** What goes to one topic, over all runs: its time only goes forward. `last` of a row: the message that made it. */
async function feedOf({ from, to, qos, job = 'sensors' }) {
  let feed = feeds.get(from);
  if (feed === undefined) {
    await collector.subscribeAsync(to, { qos });
    feed = { next: 0, ...(job === 'sensors' ? sensorFeed() : pairFeed()) };
    feeds.set(from, feed);
  }
  const prepare = (n) => {
    feed.begin?.();
    const packets = [];
    const rows = [];
    for (let i = 0; i < n; i++) {
      const { text, made } = feed.make();
      packets.push(packet(from, text, qos, feed.next++));
      for (const row of made) rows.push({ row, last: i });
    }
    return { packets, rows };
  };
  return { ...feed, prepare };
}

function sensorFeed() {
  const source = messages();
  let made = [];
  const take = byHand((row) => made.push(row));
  return {
    make() {
      made = [];
      const text = source.next().value;
      take(text);
      return { text, made };
    },
  };
}

/** Samples of `a` and `b` in turn, a pair at each whole PAIR_MS of the clock. */
function pairFeed() {
  let t = 0;
  let n = 0;
  return {
    begin: () => (t = Math.ceil(Date.now() / PAIR_MS) * PAIR_MS - PAIR_MS),
    make() {
      n += 1;
      if (n % 2 === 0)
        return { text: JSON.stringify({ t, b: n }), made: [`{"t":${t},"a":${n - 1},"b":${n}}`] };
      t += PAIR_MS;
      return { text: JSON.stringify({ t, a: n }), made: [] };
    },
  };
}

async function flood({ count, window, ...where }) {
  const { prepare } = await feedOf(where);
  const { packets, rows } = prepare(count);
  const got = [];
  let sent = 0;
  const began = performance.now();
  const offer = () => {
    // So many messages have surely been taken: those up to the last row.
    const taken = got.length === 0 ? 0 : rows[got.length - 1].last;
    const upTo = Math.min(count, taken + window);
    if (sent < upTo) socket.write(Buffer.concat(packets.slice(sent, upTo)));
    sent = Math.max(sent, upTo);
  };
  const all = received(rows.length, (payload) => {
    got.push(payload);
    if (rows[got.length - 1].last + window - sent > window / 4) offer();
  });
  offer();
  await all;
  const seconds = (performance.now() - began) / 1000;
  sameRows(
    got.map(String),
    rows.map(({ row }) => row),
  );
  return seconds;
}

async function pace({ count, rate, ...where }) {
  const { prepare } = await feedOf(where);
  const { packets, rows } = prepare(count);
  const sentAt = new Float64Array(count);
  const latencies = [];
  const got = [];
  const all = received(rows.length, (payload) => {
    latencies.push(performance.now() - sentAt[rows[got.length].last]);
    got.push(payload);
  });
  const began = performance.now();
  for (let sent = 0; sent < count;) {
    const due = Math.min(count, Math.floor(((performance.now() - began) / 1000) * rate) + 1);
    if (due > sent) {
      sentAt.fill(performance.now(), sent, due);
      socket.write(Buffer.concat(packets.slice(sent, due)));
      sent = due;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await all;
  sameRows(
    got.map(String),
    rows.map(({ row }) => row),
  );
  return latencies;
}

function received(count, take) {
  return new Promise((resolve, reject) => {
    let n = 0;
    const timer = setTimeout(
      () => reject(new Error(`${n} of ${count} rows came within ${DEADLINE_MS / 1000} s`)),
      DEADLINE_MS,
    );
    onRow = (payload) => {
      take(payload);
      if (++n < count) return;
      clearTimeout(timer);
      onRow = () => {};
      resolve();
    };
  });
}
