/** `route.debounce`: what has stood for a while leaves, what flickers does not. Browser-safe. */
import { defineKind, mergeColumns } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';

const docs = `
Waits until it is quiet. Without \`field\` a record leaves when none has followed it for \`quietMs\`: of a burst, the last.
With \`field\` a value leaves when it has stood for \`quietMs\`, as a contact that bounces is read: the newest record with
this value leaves, once, and then nothing until another value has stood as long.

- Time is the node's: the wall clock in a live flow, the largest timestamp seen while a file is replayed. A record leaves
  within 20 ms of its time in a live flow, and before the next record in a replay.
- \`maxWaitMs\` bounds the wait of a burst that does not end: the newest record leaves when the first has waited so long.
  It does not hurry a value of \`field\`, which has not stood.
- Values are compared exactly; use \`clean.deadband\` before it for numbers that are never twice the same.
- A record that lacks \`field\`, or the field of \`keyBy\`, passes untouched.
- A gap record passes; what waited before it is dropped, since nobody knows whether it stood.
- What waits is kept over a restart. At the end of a replayed file what is due leaves, and the rest is dropped.

Dropped, by reason: \`debounced\` (another came too soon, or it says nothing new), \`gap\`, \`unsettled\` (at the end of a
file). Counted: \`no-key\`, \`keys-evicted\`.
`;

export const kind = defineKind({
  type: 'route.debounce',
  category: 'route',
  title: 'Debounce',
  summary: 'Lets a record through when it has stood for a while.',
  docs,
  settings: z.object({
    quietMs: z.number().positive().describe('How long it must be quiet, in milliseconds.'),
    field: z
      .string()
      .min(1)
      .optional()
      .describe('Field whose value must stand. When absent, any record breaks the quiet.'),
    maxWaitMs: z
      .number()
      .positive()
      .optional()
      .describe('Without `field`: the longest wait of a burst, in milliseconds. It has no end when absent.'),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { field: 'door', quietMs: 500 } },
  reads: ({ field, keyBy }) => [
    ...(field === undefined ? [] : [{ pointer: '/field', field }]),
    ...(keyBy === undefined ? [] : [{ pointer: '/keyBy', field: keyBy }]),
  ],
  // It thins out a grid, so the period is no longer known.
  columns: (_settings, inputs) => ({ ...mergeColumns(inputs), periodMs: undefined }),
  check: ({ field, maxWaitMs }) =>
    field !== undefined && maxWaitMs !== undefined
      ? [
          {
            pointer: '/maxWaitMs',
            detail: 'a value of a field has to stand, however long that takes: leave it out.',
          },
        ]
      : [],
});

export type DebounceSettings = z.output<typeof kind.settings>;
