/** `map.set`: computes, renames and drops fields of each record. */
import { compile, defineKind, mergeColumns, type Column, type Columns } from '@millrace/flow';
import { z } from 'zod';

const docs = `
Computes fields with expressions, then renames fields, then drops fields, always in this order.

- Every expression of \`set\` sees the record as it came in, so the order of the expressions does not matter:
  \`set: { a: "b", b: "a" }\` swaps two fields. The name \`t\` in an expression is the timestamp, in epoch
  milliseconds; it can be read and not set.
- An expression that gives null sets null. But where a field that it reads is not in the record at all, a null
  sets nothing, and what the record has under the name stays: so records of other sensors on the same wire
  are not filled with nulls. \`"has(x) ? x : 0"\` gives 0 for them, as it says.
- A division by zero gives a number that is none; it is written out as null.
- Renames happen all at once. A record that lacks the old name is left alone; one that has the new name already
  loses the value that stood there.
`;

export const kind = defineKind({
  type: 'map.set',
  category: 'map',
  title: 'Set fields',
  summary: 'Computes fields with expressions, renames and drops fields.',
  docs,
  settings: z.object({
    set: z
      .record(z.string().min(1), z.string().min(1))
      .optional()
      .describe('Expressions by the field that takes the result, such as `power: "voltage * current"`.'),
    rename: z
      .record(z.string().min(1), z.string().min(1))
      .optional()
      .describe('New names by old name, after the expressions.'),
    drop: z.array(z.string().min(1)).optional().describe('Fields that go no further, after the renames.'),
  }),
  inputs: 'many',
  outputs: ['out'],
  example: {
    settings: { set: { power: 'voltage * current' }, rename: { voltage: 'volts' }, drop: ['current'] },
  },
  expressions: ({ set = {} }) =>
    Object.entries(set).map(([field, source]) => ({ pointer: `/set/${escapePointer(field)}`, source })),
  reads: ({ rename = {}, drop = [] }) => [
    ...Object.keys(rename).map((field) => ({
      pointer: `/rename/${escapePointer(field)}`,
      field,
      optional: true,
    })),
    ...drop.map((field, i) => ({ pointer: `/drop/${i}`, field, optional: true })),
  ],
  columns({ set = {}, rename = {}, drop = [] }, inputs): Columns {
    const incoming = mergeColumns(inputs);
    const fields = new Map(incoming.fields);
    for (const [field, source] of Object.entries(set)) fields.set(field, { type: typeOf(source) });
    const moved: [string, Column][] = [];
    for (const [from, to] of Object.entries(rename)) {
      const column = fields.get(from);
      if (column !== undefined) moved.push([to, column]);
      else if (incoming.open) moved.push([to, { type: 'unknown' }]);
    }
    for (const from of Object.keys(rename)) fields.delete(from);
    for (const [to, column] of moved) fields.set(to, column);
    for (const field of drop) fields.delete(field);
    return { ...incoming, fields };
  },
  check({ set = {}, rename = {} }) {
    const found = [];
    if ('t' in set)
      found.push({
        pointer: '/set/t',
        detail: 't is the timestamp and cannot be set: give the field another name.',
      });
    for (const [from, to] of Object.entries(rename)) {
      if (from === 't' || to === 't')
        found.push({
          pointer: `/rename/${escapePointer(from)}`,
          detail: 't is the timestamp and cannot be renamed: set another field to the expression t.',
        });
    }
    const targets = Object.values(rename);
    for (const to of new Set(targets.filter((name, i) => targets.indexOf(name) !== i)))
      found.push({
        pointer: '/rename',
        detail: `two fields are renamed to ${to}: give each a name of its own.`,
      });
    return found;
  },
});

function typeOf(source: string): Column['type'] {
  try {
    const { type } = compile(source);
    return type === 'number' || type === 'string' || type === 'boolean' ? type : 'unknown';
  } catch {
    return 'unknown'; // An expression that does not parse has its own problem.
  }
}

const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
