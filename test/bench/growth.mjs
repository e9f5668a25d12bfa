// What a unit of work costs at 10 and 100 times the size, as a share of what it costs at 1: flat means that nothing
// is looked up, copied or kept that grows. Parts: `engine`, by records, fields and keys. The parts that need a
// director (deploy, ingest, api) are more cases of `parts`.
import assert from 'node:assert/strict';
import { BATCH_ROWS } from '@millrace/engine';
import { messages, PERIOD_MS, randomOf, STEP_MS, tailOf, throughEngine } from './kit/json-chain.mjs';
import { sourceOf } from './kit/memory-flow.mjs';
import { nanoseconds, paired, rounded } from './kit/pairs.mjs';

const TIMES = [10, 100];
const TAILS = 1_000;
const BEGAN = 1_700_000_000_000;

/** Messages of the JSON job; all machines speak at each step. Gives nanoseconds a message. */
async function engine({ count, sensors, keys = 0 }) {
  const random = randomOf(5);
  const machines = Math.max(1, keys);
  const tails = Array.from({ length: Math.max(TAILS, keys) }, (_, i) =>
    tailOf(random, sensors, keys === 0 ? undefined : `m${i % keys}`),
  );
  const text = (first, last) => {
    let joined = '';
    for (let i = first; i < last; i++) {
      const t = BEGAN + Math.floor(i / machines) * STEP_MS;
      joined += `${i === first ? '' : ','}{"t":${t}${tails[i % tails.length]}`;
    }
    return joined;
  };
  return through({ source: messages(count, text), count, sensors, keys });
}

/** The same job on columns: of an object of a thousand fields, JSON.parse alone costs three times as much a field. */
async function wide({ count, sensors }) {
  const random = randomOf(5);
  const values = Float64Array.from({ length: TAILS }, () => 1 + Math.round(random() * 900) / 10);
  let next = 0;
  const source = sourceOf((batch) => {
    const last = Math.min(next + BATCH_ROWS, count);
    const indexes = Array.from({ length: sensors }, (_, s) => batch.schema.index(`s${s}`));
    for (let i = next; i < last; i++) batch.row(BEGAN + i * STEP_MS);
    for (const index of indexes) {
      const column = batch.column(index);
      for (let row = 0; row < batch.n; row++) column.pushNumber(row, values[(next + row + index) % TAILS]);
    }
    next = last;
  });
  return through({ source, count, sensors, keys: 0 });
}

async function through({ source, count, sensors, keys }) {
  let lines = 0;
  const spent = await nanoseconds(() => throughEngine({ source, sensors, keys, out: () => lines++ }));
  const machines = Math.max(1, keys);
  const boundaries = (count / machines) * (STEP_MS / PERIOD_MS);
  assert.ok(lines >= (boundaries - 2) * machines, `${lines} rows of ${count} messages`);
  return spent / count;
}

/** Each gives what a unit of work costs at so many times the size, in nanoseconds. */
const parts = {
  'engine, records': async (times) => {
    // As many in all, so that both sides are measured for as long.
    const runs = 100 / times;
    let sum = 0;
    for (let i = 0; i < runs; i++) sum += await engine({ count: 5_000 * times, sensors: 10 });
    return sum / runs;
  },
  'engine, fields': async (times) => {
    const sensors = 10 * times;
    return (await wide({ count: 300_000 / times, sensors })) / sensors;
  },
  'engine, keys': (times) => engine({ count: 200_000, sensors: 10, keys: 10 * times }),
};

export async function run({ pairs }) {
  const lines = [];
  for (const [part, cost] of Object.entries(parts)) {
    for (const times of TIMES) {
      const { value, limit, ratio } = await paired(
        pairs,
        () => cost(times),
        () => cost(1),
      );
      lines.push({
        name: 'growth',
        case: `${part} times ${times}`,
        value: rounded(value),
        unit: 'ns a unit',
        limit: rounded(limit),
        ratio: rounded(ratio),
        goal: '<=1.2',
        pairs,
      });
    }
  }
  return lines;
}
