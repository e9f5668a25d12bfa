/** `clean.fill`: stands in for values that are not there. */
import { defineKind, mergeColumns } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';

const docs = `
Fills blanks of one field. A blank is a null, a number that is none (NaN), or, unless \`absent\` is false, a
record without the field.

| method | a blank becomes |
| --- | --- |
| \`constant\` | \`value\` |
| \`hold\` | the last value, of any type |
| \`median\` | the median of the last \`window\` numbers (fewer at the start) |
| \`linear\` | the straight line between the number before and the one after |

- \`maxAgeMs\` says how old is too old, and is part of the allowed age: \`hold\`, \`median\` and \`constant\` fill
  while the last value is at most that old; \`linear\` fills when its two neighbours are at most that far apart.
  With \`maxHoleMs\` it also bridges holes up to that width, but fills only what lies within \`maxAgeMs\` of the
  number before, as pandas' \`interpolate(limit=)\` does. Other blanks stay as they are and are counted as \`unfilled\`. Before the first value only \`constant\` fills.
- Filled values never count as values: a long hole is not filled from its own fillings.
- \`linear\` looks ahead. Records wait, in their order, for the next value, at most until one is seen that is
  \`maxAgeMs\` (or \`maxHoleMs\`) later, and at most 10,000 of them; what comes last stays blank. The other methods never wait.
- After a gap record \`median\` and \`linear\` start afresh; \`hold\` and \`constant\` go by the age alone.

Counted: \`filled\`, \`unfilled\`, \`overflow\` (records that were let go too early, since too many waited).
`;

export const kind = defineKind({
  type: 'clean.fill',
  category: 'clean',
  title: 'Fill blanks',
  summary: 'Fills missing values with a constant, the last value, a median or a straight line.',
  docs,
  settings: z.object({
    field: z.string().min(1).describe('Field to fill.'),
    method: z.enum(['constant', 'hold', 'linear', 'median']).describe('Where the new value comes from.'),
    maxAgeMs: z
      .number()
      .min(0)
      .describe('Oldest value that may stand in, or the widest hole that is bridged, in milliseconds.'),
    maxHoleMs: z
      .number()
      .positive()
      .optional()
      .describe(
        'Widest hole that `linear` bridges, in milliseconds, when it is wider than `maxAgeMs`: its beginning is filled.',
      ),
    value: z
      .union([z.number(), z.string(), z.boolean()])
      .optional()
      .describe('What `constant` fills in, in the unit of the field.'),
    window: z.number().int().min(1).max(100_000).default(5).describe('Values that `median` looks back on.'),
    absent: z
      .boolean()
      .default(true)
      .describe(
        'Whether records without the field are filled too; set it to false where sensors share a wire.',
      ),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { field: 'temperature', method: 'hold', maxAgeMs: 60_000 } },
  reads: ({ field, method, keyBy }) => [
    {
      pointer: '/field',
      field,
      ...(method === 'linear' || method === 'median' ? { types: ['number'] as const } : {}),
      optional: method === 'constant',
    },
    ...(keyBy === undefined ? [] : [{ pointer: '/keyBy', field: keyBy }]),
  ],
  columns({ field, method, value, absent }, inputs) {
    const incoming = mergeColumns(inputs);
    if (method !== 'constant' || !absent || incoming.fields.has(field)) return incoming;
    const type = typeof value as 'number' | 'string' | 'boolean';
    return { ...incoming, fields: new Map([...incoming.fields, [field, { type }]]) };
  },
  check({ method, value, maxAgeMs, maxHoleMs }) {
    if (maxHoleMs !== undefined && method !== 'linear')
      return [
        { pointer: '/maxHoleMs', detail: `only linear looks beyond a hole: leave it out with ${method}.` },
      ];
    if (maxHoleMs !== undefined && maxHoleMs < maxAgeMs)
      return [{ pointer: '/maxHoleMs', detail: `maxHoleMs is at least maxAgeMs, ${maxAgeMs}.` }];
    if (method === 'constant' && value === undefined)
      return [{ pointer: '/value', detail: 'constant fills in a value: set value.' }];
    if (method !== 'constant' && value !== undefined)
      return [{ pointer: '/value', detail: `only constant uses a value: leave it out with ${method}.` }];
    return [];
  },
});

export type FillSettings = z.output<typeof kind.settings>;
