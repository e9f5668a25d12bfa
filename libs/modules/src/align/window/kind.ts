/** `align.window`: rows gathered to windows, one record a window with a vector a column. */
import { columnNamed, defineKind, mergeColumns, type Column, type Columns } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';

const docs = `
Gathers rows to windows. A window leaves as one record: \`t\`, \`count\` (its rows), \`from\` and \`to\` (times of its
first and last row), the key, the fields of \`keep\` as their last value, and each column as a vector with a number
a row; a row without a number has NaN there. With \`matrix\` the columns leave as one vector, row by row
(rows x columns), for sequence models.

| by | a window is | and leaves |
| --- | --- | --- |
| \`time\` | \`size\` ms, every \`hop\` ms, at \`originMs + k * hop\` | when a later record comes |
| \`count\` | \`size\` rows, every \`hop\` rows | with its last row |
| \`session\` | rows no more than \`gapMs\` apart, with the same values in the fields of \`change\` | when the next session begins, or after \`gapMs\` of silence in a live flow |
| \`change\` | rows with the same values in the fields of \`change\` | when one of them changes |

- By time, \`closed: right\` covers \`(end - size, end]\`, as \`align.rows\` does, and \`closed: left\` covers
  \`[end - size, end)\`, as pandas does by default. \`label\` says whether \`t\` is the end or the start. A window
  without rows does not leave. A record that comes too late for every window that is open is dropped as \`late\`;
  one that still fits is put in its place by time, and counted as \`late\` when it missed a window.
- By count and session, rows stand as they came.
- A gap record ends what is open, and passes. A window by time whose end the gap has reached is complete; any
  other is partial. Partial windows, also those at the end of a stream, leave with \`emitPartial\`, else their
  new rows are dropped as \`partial\`. A record of which \`change\` lacks a field changes nothing.
- \`pad: front\` is for windows by count. A window that is not full is filled up in front by repeating its first
  row, and leaves every \`hop\` rows from the start: with \`hop: 1\` every row gives a full window.
- \`size\` of a session or change is the most rows that it may have; then it leaves and another begins.
- With \`gapFactor\` the field \`hasGap\` says whether rows are missing inside: whether a step from row to row is longer
  than so many times the median step. A spectrum of such a window is of no frequency.
- A record without a key, where there is a \`keyBy\`, is dropped as \`no-key\`.

Dropped, by reason: \`late\`, \`partial\`, \`no-key\`, \`overflow\` (a window by time with more than 100,000 rows loses
its oldest). Counted: \`late\`, \`keys-evicted\`.
`;

const vectors = (names: readonly string[], incoming: Columns, rows?: number): [string, Column][] =>
  names.map((name) => {
    const unit = columnNamed(incoming, name)?.unit;
    return [
      name,
      {
        type: 'vector',
        ...(rows === undefined ? {} : { shape: [rows] }),
        ...(unit === undefined ? {} : { unit }),
      },
    ];
  });

export const kind = defineKind({
  type: 'align.window',
  category: 'align',
  title: 'Windows',
  summary: 'Gathers rows to windows by time, count, session or change.',
  docs,
  settings: z.object({
    by: z.enum(['time', 'count', 'session', 'change']).describe('What makes a window.'),
    size: z
      .number()
      .positive()
      .optional()
      .describe('Length of a window: milliseconds by time, rows else. Required by time and by count.'),
    hop: z
      .number()
      .positive()
      .optional()
      .describe('From one window to the next: milliseconds by time, rows by count. `size` when absent.'),
    originMs: z.number().default(0).describe('Epoch milliseconds from which windows by time are counted.'),
    closed: z
      .enum(['right', 'left'])
      .default('right')
      .describe('Which end of a window by time belongs to it.'),
    label: z.enum(['end', 'start']).default('end').describe('Which end of the window its `t` is.'),
    gapMs: z
      .number()
      .positive()
      .optional()
      .describe('A pause longer than this ends a session, in milliseconds. Required by session.'),
    change: z
      .array(z.string().min(1))
      .min(1)
      .max(16)
      .optional()
      .describe('Fields whose change ends a window, such as a step of a recipe. By session and by change.'),
    columns: z
      .array(z.string().min(1))
      .min(1)
      .max(10_000)
      .optional()
      .describe('Fields to gather; all that have numbers when absent.'),
    keep: z
      .array(z.string().min(1))
      .max(1_000)
      .default([])
      .describe('Fields of which the last value in the window goes along as it is.'),
    matrix: z
      .string()
      .min(1)
      .optional()
      .describe('Name of one vector that has all `columns`, row by row, in the place of a vector a column.'),
    times: z
      .boolean()
      .default(false)
      .describe("Whether the rows' times go along as the vector `times`, in epoch milliseconds."),
    gapFactor: z
      .number()
      .min(1)
      .optional()
      .describe('A step longer than so many median steps of its window makes the field `hasGap` true.'),
    pad: z
      .enum(['none', 'front'])
      .default('none')
      .describe('How a window by count that is not full is filled.'),
    emitPartial: z.boolean().default(false).describe('Whether windows that were cut short leave.'),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { by: 'time', size: 60_000, columns: ['temperature'], emitPartial: true } },
  reads: ({ columns = [], keep, change = [], keyBy }) => [
    ...columns.map((field, i) => ({ pointer: `/columns/${i}`, field, types: ['number' as const] })),
    ...keep.map((field, i) => ({ pointer: `/keep/${i}`, field, optional: true })),
    ...change.map((field, i) => ({ pointer: `/change/${i}`, field })),
    ...(keyBy === undefined ? [] : [{ pointer: '/keyBy', field: keyBy }]),
  ],
  columns(settings, inputs): Columns {
    const { by, size, columns, keep, matrix, times, gapFactor, pad, emitPartial, keyBy } = settings;
    const incoming = mergeColumns(inputs);
    // Only a window by count that always is full has a length that is known.
    const rows = by === 'count' && (pad === 'front' || !emitPartial) ? size : undefined;
    const fields = new Map<string, Column>([
      ['count', { type: 'number' }],
      ['from', { type: 'number', unit: 'ms' }],
      ['to', { type: 'number', unit: 'ms' }],
    ]);
    for (const name of [...(keyBy === undefined ? [] : [keyBy]), ...keep]) {
      const column = columnNamed(incoming, name);
      if (column !== undefined) fields.set(name, column);
    }
    const gathered =
      columns ?? [...incoming.fields].flatMap(([name, { type }]) => (type === 'number' ? [name] : []));
    if (matrix === undefined)
      for (const [name, column] of vectors(gathered, incoming, rows)) fields.set(name, column);
    else
      fields.set(matrix, {
        type: 'vector',
        ...(rows === undefined ? {} : { shape: [rows, gathered.length] }),
      });
    if (times) fields.set('times', { type: 'vector', unit: 'ms' });
    if (gapFactor !== undefined) fields.set('hasGap', { type: 'boolean' });
    return {
      fields,
      open:
        columns === undefined &&
        (incoming.open || [...incoming.fields.values()].some(({ type }) => type === 'unknown')),
      ...(rows === undefined ? {} : { window: rows }),
    };
  },
  check({ by, size, hop, gapMs, change, columns = [], keep, matrix, times, gapFactor, pad, keyBy }) {
    const found: { pointer: string; detail: string }[] = [];
    const say = (pointer: string, detail: string) => found.push({ pointer, detail });
    const sized = by === 'time' || by === 'count';
    if (sized && size === undefined)
      say('/size', `a window by ${by} needs size, in ${by === 'time' ? 'milliseconds' : 'rows'}.`);
    if (by !== 'time' && size !== undefined && !Number.isInteger(size))
      say('/size', 'rows are whole: give an integer.');
    if (by === 'count' && hop !== undefined && !Number.isInteger(hop))
      say('/hop', 'rows are whole: give an integer.');
    if (!sized && hop !== undefined) say('/hop', `a window by ${by} has no hop: leave it out.`);
    if (by === 'session' && gapMs === undefined)
      say('/gapMs', 'a session needs gapMs, the pause that ends it.');
    if (by !== 'session' && gapMs !== undefined)
      say('/gapMs', 'only a session has gapMs: leave it out, or set by: session.');
    if (by === 'change' && change === undefined)
      say('/change', 'name the fields whose change ends a window.');
    if (sized && change !== undefined)
      say('/change', `a window by ${by} does not end by change: set by: session or change.`);
    if (matrix !== undefined && columns.length === 0)
      say('/columns', 'a matrix needs columns, so that their order is known.');
    if (pad === 'front' && by !== 'count')
      say('/pad', 'only windows by count have a length to be filled up to.');
    const names = ['count', 'from', 'to', ...keep, ...(keyBy === undefined ? [] : [keyBy])];
    const given = [
      ...(matrix === undefined ? columns : [matrix]),
      ...(times ? ['times'] : []),
      ...(gapFactor === undefined ? [] : ['hasGap']),
    ];
    for (const name of given)
      if (names.includes(name))
        say(
          matrix === undefined ? '/columns' : '/matrix',
          `${name} would be in the record twice: rename the field with map.set, or take it out of keep.`,
        );
    return found;
  },
});
