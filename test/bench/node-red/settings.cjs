// Settings of Node-RED under measurement: no editor, no server. In memory its flow gets its messages from here,
// on the word of the parent ({ chain: count }), and gives its rows back, which are checked; the answer is seconds.
/** Messages in the chain at a time: what a busy source puts there, far from what memory feels. */
const WINDOW = 1_000;

let send;
let onRow = () => {};
let source;
let take;
let made = [];

process.on('message', ({ chain }) => {
  if (chain === undefined) return;
  run(chain).then(
    (seconds) => process.send({ chain: seconds }),
    (error) => process.send({ error: error.stack }),
  );
});
process.channel?.ref();

async function run(count) {
  const { byHand, messages, sameRows } = await import('../rig/sensors.mjs');
  source ??= messages();
  take ??= byHand((row) => made.push(row));
  made = [];
  const texts = [];
  const last = [];
  for (let i = 0; i < count; i++) {
    texts.push(source.next().value);
    take(texts[i]);
    while (last.length < made.length) last.push(i);
  }
  const rows = [];
  let sent = 0;
  const began = process.hrtime.bigint();
  await new Promise((resolve) => {
    const offer = () => {
      const taken = rows.length === 0 ? 0 : last[rows.length - 1];
      while (sent < Math.min(count, taken + WINDOW)) send(texts[sent++]);
    };
    onRow = (row) => {
      if (rows.push(row) === made.length) resolve();
      else if (last[rows.length - 1] + WINDOW - sent > WINDOW / 4) offer();
    };
    offer();
  });
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  sameRows(rows, made);
  return seconds;
}

module.exports = {
  flowFile: 'flows.json',
  httpAdminRoot: false,
  httpNodeRoot: false,
  credentialSecret: false,
  telemetry: { enabled: false, updateNotification: false },
  externalModules: { autoInstall: false },
  logging: { console: { level: 'info', metrics: false, audit: false } },
  functionGlobalContext: {
    bench: {
      from(emit) {
        send = emit;
        console.log('bench is ready');
      },
      row: (payload) => onRow(payload),
    },
  },
};
