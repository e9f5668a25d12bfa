// Memory over ten million records: the largest of the examples, its files in a loop at full speed, its own resources,
// its model in its thread. Heap and resident memory are looked at each second; the median of the second tenth of the
// records, when all is warm, against that of the last. Gives up after 15 minutes.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fillParameters, readFlow } from '@millrace/flow';
import { FlowRun } from '@millrace/engine';
import { behaviours, kinds } from '@millrace/modules';
import { median, rounded } from './kit/pairs.mjs';

const RECORDS = 10_000_000;
const GIVE_UP_MS = 15 * 60_000;
const LOOK_MS = 1_000;
const MIB = 1024 * 1024;
const examples = new URL('../../examples/', import.meta.url);

/** The example with the most modules. */
function largest() {
  const flows = readdirSync(examples)
    .map((name) => new URL(`${name}/`, examples))
    .filter((folder) => existsSync(new URL('flow.yaml', folder)))
    .map((folder) => {
      const { document, problems } = readFlow(readFileSync(new URL('flow.yaml', folder), 'utf8'));
      assert.deepEqual(problems, []);
      return { folder, document, modules: Object.keys(document.modules).length };
    });
  return flows.reduce((a, b) => (b.modules > a.modules ? b : a));
}

export async function run() {
  const { folder, document: written } = largest();
  const document = structuredClone(fillParameters(written));
  for (const { type, settings } of Object.values(document.modules))
    if (type === 'source.csv') Object.assign(settings, { loop: true, speed: 'max' });
  const file = (name) => fileURLToPath(new URL(name, folder));
  let results = 0;
  const flow = new FlowRun({
    document,
    kinds,
    behaviours,
    host: {
      path: (name) => (name.startsWith('resource:') ? resource(name).path : file(name)),
      resource,
      workFolder: fileURLToPath(folder),
      flow: { name: document.metadata.name, version: null },
      // However many records come in one message.
      toDirector: async (message) => void (results += message.records?.length ?? 1),
    },
  });
  function resource(reference) {
    const [, name] = /^resource:([^@]+)/.exec(reference);
    const found = readdirSync(new URL('resources/', folder)).find((one) => one.startsWith(`${name}.`));
    return { path: file(`resources/${found}`), name, version: null, digest: null };
  }
  const sources = flow.units.filter(({ behaviour }) => behaviour.replay);
  const passed = () => sources.reduce((sum, unit) => sum + unit.readCounters().out, 0);

  const looks = [];
  const began = performance.now();
  await flow.start();
  await Promise.race([
    flow.finished,
    new Promise((resolve) => {
      const timer = setInterval(() => {
        const { heapUsed, rss } = process.memoryUsage();
        const records = passed();
        looks.push({ records, heap: heapUsed / MIB, rss: rss / MIB });
        if (records < RECORDS && performance.now() - began < GIVE_UP_MS) return;
        clearInterval(timer);
        resolve();
      }, LOOK_MS);
    }),
  ]);
  const seconds = (performance.now() - began) / 1000;
  await flow.stop();
  await flow.finished;
  assert.ok(passed() >= RECORDS, `only ${passed()} of ${RECORDS} records passed in ${Math.round(seconds)} s`);
  assert.ok(results > RECORDS / 1000, `only ${results} results came out`);
  assert.ok(Object.values(flow.counters()).every(({ errors }) => errors === 0));
  return ['heap', 'rss'].map((kind) => {
    const between = (from, to) =>
      median(
        looks
          .filter(({ records }) => records >= from * RECORDS && records < to * RECORDS)
          .map((look) => look[kind]),
      );
    const warm = between(0.1, 0.2);
    const end = between(0.9, 1);
    return {
      name: 'soak',
      case: `${kind}, ${passed()} records of ${document.metadata.name} at ${rounded(passed() / seconds)} records/s`,
      value: rounded(end - warm),
      unit: 'MiB',
      limit: rounded(warm),
      ratio: rounded(end / warm),
      goal: '<=1.1',
      pairs: 1,
    };
  });
}
