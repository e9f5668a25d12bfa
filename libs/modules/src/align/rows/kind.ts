/** `align.rows`: samples of many sensors, each at its own rate, to one complete row at each boundary. */
import { columnsOf, defineKind, type Column } from '@millrace/flow';
import type { ProblemPlace } from '@millrace/schemas';
import { AlignSettings, type AlignColumn } from './settings.js';

const docs = `
Sensors send each at their own rate and on their own clock; a model wants one complete row at each regular
boundary. A row at boundary \`t\` is made from what is known when it leaves, each column by its own method, each
cell with its age (\`age.<column>\`, ms) and a flag (\`flag.<column>\`). Rows come in order, each once, plus explicit
corrections (\`revision\`). Given the same samples in the same order with the same arrivals, a file and a live
stream give the same rows. The rules, numbered, stand in [align.md](align.md).

| method | the cell at \`t\` |
| --- | --- |
| \`hold\` | the newest sample at or before \`t\`, while it is at most \`maxAgeMs\` old |
| \`linear\` | between the neighbours when they are at most \`maxAgeMs\` apart; needs \`latenessMs >= maxAgeMs\` to be independent of the order of arrival |
| \`mean\` \`min\` \`max\` \`sum\` \`count\` \`last\` \`timeWeightedMean\` | over the samples of the period |

Flags: \`fresh\`, \`repeated\`, \`stale\`, \`missing\`, \`interpolated\`, \`held\` (interpolation asked for, the right
neighbour not there), \`null\`, \`aggregate\`, \`default\`. After \`maxFillRows\` silent rows the rest of a hole is one
record \`{gap: {from, to, rows}}\`.

Counted: \`late\`, \`dup\`, \`nulls\`, \`future\`, \`overflow\`, \`keys-evicted\`, \`no-key\`. Dropped: \`time\` (a timestamp
beyond the year 2112 or not a number), \`type\` (a value that is not of the column's \`dtype\`), \`texts\` (more than
10,000 different texts in a column, or ten million characters of them). The port \`late\` carries each late sample as \`{t, <column>}\`.
`;

/** Fields that a row has of its own. */
const RESERVED = ['t', 'key', 'age', 'flag', 'seq', 'revision', 'backfill', 'gap'];
/** Methods that need no arithmetic, so they take any dtype. */
const PLAIN: readonly AlignColumn['method'][] = ['hold', 'last', 'count'];

export const kind = defineKind({
  type: 'align.rows',
  category: 'align',
  title: 'Aligned rows',
  summary: 'Makes one complete row at each boundary from sensors of different rates.',
  docs,
  settings: AlignSettings,
  inputs: 'many',
  outputs: ['out', 'late'],
  example: {
    settings: {
      grid: { periodMs: 1000 },
      columns: [
        { name: 'pressure', maxAgeMs: 2000 },
        { name: 'flow', method: 'mean', maxAgeMs: 5000 },
      ],
    },
  },
  columns({ columns, grid, keyBy }) {
    const fields: [string, Column][] = columns.map(({ name, dtype, method }) => [
      name,
      { type: method === 'count' ? 'number' : dtype },
    ]);
    if (keyBy !== undefined) fields.unshift(['key', { type: 'unknown' }]);
    fields.push(
      ['seq', { type: 'number' }],
      ['revision', { type: 'number' }],
      ['backfill', { type: 'boolean' }],
    );
    for (const { name } of columns) {
      fields.push([`age.${name}`, { type: 'number', unit: 'ms' }], [`flag.${name}`, { type: 'string' }]);
    }
    const rows = columnsOf(fields, 'master' in grid ? {} : { periodMs: grid.periodMs });
    const late = columnsOf(columns.map(({ name }) => [name, { type: 'unknown' }] as const));
    return { ports: { out: rows, late } };
  },
  check({ columns, grid }) {
    const found: ProblemPlace[] = [];
    const names = new Set<string>();
    columns.forEach(({ name, method, dtype, circular }, i) => {
      const say = (setting: string, detail: string) =>
        found.push({ pointer: `/columns/${i}/${setting}`, field: name, detail });
      if (names.has(name)) say('name', `two columns are called ${name}: give one of them another name.`);
      names.add(name);
      if (RESERVED.includes(name)) say('name', `${name} is a field that every row has: choose another name.`);
      if (dtype !== 'number' && !PLAIN.includes(method)) {
        say('method', `${method} needs numbers, and the column is ${dtype}: use hold, last or count.`);
      }
      if (circular !== undefined && method !== 'linear') {
        say('circular', `only linear looks at circular: use method: linear, or leave it out.`);
      }
    });
    if ('master' in grid && !names.has(grid.master)) {
      found.push({ pointer: '/grid/master', detail: `there is no column ${grid.master} to be the master.` });
    }
    return found;
  },
});
