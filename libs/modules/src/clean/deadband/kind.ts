/** `clean.deadband`: lets a record through when its value has changed enough. */
import { defineKind, mergeColumns } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';

const docs = `
Sends on change: a record leaves when its value is further from the last one that left than the band, and is dropped
otherwise. The band is \`absolute\`, in the unit of the field, or \`percent\` of the size of the last value that left.
The band itself is no change.

- Since it is the last value that left, and not the last one seen, a slow drift is sent too.
- With \`maxSilenceMs\` a record leaves also when the last one is that old, by the timestamps of the records, so that
  silence can be told from a dead sensor. It waits for a record to come: none is made up.
- The first record leaves, and so does the first after a gap record. One that is older than the last that left
  leaves too and is counted as \`out-of-order\`; the comparison goes on from it.
- A null or a number that is none leaves where there was a value before, and its repeats do not. A text or a
  boolean leaves when it differs. Vectors pass and are counted as \`vector\`.
- A record without the field passes untouched, and so does one without a key, where there is a \`keyBy\`; it is
  counted as \`no-key\`.

Dropped, by reason: \`unchanged\`. Counted: \`out-of-order\`, \`vector\`, \`no-key\`, \`keys-evicted\`.
`;

export const kind = defineKind({
  type: 'clean.deadband',
  category: 'clean',
  title: 'Deadband',
  summary: 'Sends a record only when its value has changed enough.',
  docs,
  settings: z.object({
    field: z.string().min(1).describe('Field whose changes count.'),
    absolute: z
      .number()
      .min(0)
      .optional()
      .describe('Largest change that is none, in the unit of the field; this or `percent` is required.'),
    percent: z
      .number()
      .min(0)
      .optional()
      .describe('Largest change that is none, in percent of the last value that left.'),
    maxSilenceMs: z
      .number()
      .positive()
      .optional()
      .describe(
        'Longest time without a record while records come, in milliseconds; without it there is no limit.',
      ),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { field: 'temperature', absolute: 0.2, maxSilenceMs: 60_000 } },
  reads: ({ field, keyBy }) => [
    { pointer: '/field', field, types: ['number', 'string', 'boolean'] },
    ...(keyBy === undefined ? [] : [{ pointer: '/keyBy', field: keyBy }]),
  ],
  // Records are missing from what leaves, so it is on no grid any more.
  columns: (_settings, inputs) => ({ ...mergeColumns(inputs), periodMs: undefined }),
  check({ absolute, percent }) {
    if (absolute === undefined && percent === undefined)
      return [{ pointer: '/absolute', detail: 'there is no band: set absolute or percent.' }];
    if (absolute !== undefined && percent !== undefined)
      return [{ pointer: '/percent', detail: 'there are two bands: set either absolute or percent.' }];
    return [];
  },
});
