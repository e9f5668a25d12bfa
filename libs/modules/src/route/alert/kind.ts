/** `route.alert`: a condition that holds becomes one alert, raised once and cleared once. */
import { defineKind, mergeColumns, withColumns } from '@millrace/flow';
import { Severity } from '@millrace/schemas';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';
import { neverTrue } from '../boolean.js';

const docs = `
Raises an alert when \`when\` has held for \`holdMs\`, and clears it when \`clearWhen\` holds (when \`when\` no longer
holds, if there is no \`clearWhen\`). Only the records at which that happens leave, so noise does not ring: each
with all its fields and \`alert\` (\`raised\` or \`cleared\`), \`severity\`, \`message\`, and \`key\` where there is one.

- A comparison with a null is false. A record that has none of the fields that an expression reads leaves that
  expression out: it neither raises nor clears by it, and a hold goes on.
- \`holdMs\` is counted in the node's time: the wall clock in a live flow, the largest timestamp seen while a file
  is replayed. The condition must hold at every record in between; 0 raises at the first.
- While an alert is raised \`when\` is not looked at, other than to clear without \`clearWhen\`.
- A gap record interrupts a hold; an alert that is raised stays so. Gap records do not leave.
- In \`message\`, \`{field}\` stands for the record's value, with six significant digits or the first 200 characters of a text, \`{t}\` for its time, and
  \`{key}\` for the key. Without a message it is the expression.
- What is raised is kept over a restart, so an alert is neither raised twice nor left standing.
- What it saw in the \`signalMs\` before goes along to the director, and what it saw up to the clear with that: a row
  a second of event time, thinned to 120, of the first eight numeric fields that \`when\` reads; of each key for
  itself, and of more than a thousand keys in longer steps. The record has none of it, and a restart forgets it.

Counted: \`raised\`, \`cleared\`, \`no-key\`, \`keys-evicted\`.
`;

export const kind = defineKind({
  type: 'route.alert',
  category: 'route',
  title: 'Alert',
  summary: 'Raises and clears an alert when a condition holds.',
  docs,
  settings: z.object({
    when: z.string().min(1).describe('Expression that raises, such as `score > 0.8`.'),
    holdMs: z.number().min(0).default(0).describe('How long it must hold, in milliseconds.'),
    clearWhen: z
      .string()
      .min(1)
      .optional()
      .describe('Expression that clears, such as `score < 0.6`. When absent, `when` being false clears.'),
    severity: Severity.default('medium').describe('How bad it is.'),
    message: z
      .string()
      .min(1)
      .max(1_000)
      .optional()
      .describe('What a person reads; `{field}` stands for a value of the record.'),
    key: z
      .string()
      .min(1)
      .optional()
      .describe('Field whose value names a machine or unit; each value has an alert of its own.'),
    maxKeys: keySettings.maxKeys,
    signalMs: z
      .number()
      .int()
      .min(0)
      .max(600_000)
      .default(600_000)
      .describe('How much of what it saw goes to the director with an alert, in milliseconds; 0: nothing.'),
  }),
  inputs: 'many',
  outputs: ['out'],
  example: {
    settings: {
      when: 'score > 0.8',
      holdMs: 3000,
      clearWhen: 'score < 0.6',
      severity: 'high',
      message: 'Score {score} on the cooling pump',
    },
  },
  expressions: ({ when, clearWhen }) => [
    { pointer: '/when', source: when },
    ...(clearWhen === undefined ? [] : [{ pointer: '/clearWhen', source: clearWhen }]),
  ],
  reads: ({ key }) => (key === undefined ? [] : [{ pointer: '/key', field: key }]),
  columns: ({ key }, inputs) =>
    withColumns(mergeColumns(inputs), {
      alert: 'string',
      severity: 'string',
      message: 'string',
      ...(key === undefined ? {} : { key: 'unknown' }),
    }),
  check: ({ when, clearWhen }) => [
    ...neverTrue('/when', when),
    ...(clearWhen === undefined ? [] : neverTrue('/clearWhen', clearWhen)),
  ],
});
