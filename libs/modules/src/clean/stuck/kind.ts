/** `clean.stuck`: a sensor that says the same for too long. */
import { defineKind } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';
import { judgeColumns, judgeReads } from '../judge-settings.js';

const docs = `
Finds a sensor that has frozen: a value is stuck when it, and all values up to \`forMs\` before it, are no more than
\`epsilon\` from the first of them.

- The values before \`forMs\` is over pass, since nobody could know. The first value that moves is good again.
- With \`epsilon: 0\` any change, however small, is a sign of life. \`epsilon\` itself is allowed: a sensor whose last
  digit flickers by 0.1 is stuck with \`epsilon: 0.1\`.
- Time is that of the records. Two equal values \`forMs\` apart are stuck although nothing came between them; a gap
  record between them says that it cannot be known, and the time begins anew.
- A record older than the one before is counted as \`out-of-order\`, and the time begins anew with it.
- \`drop\` takes the record away, \`null\` only the value, and \`flag\` adds the boolean \`<field>_stuck\`, true while
  the value is stuck.
- What is no number (null, NaN, text) is neither judged nor remembered; it passes. Texts are counted as \`text\`.
- A record without a key, where there is a \`keyBy\`, passes and is counted as \`no-key\`.

Dropped, by reason: \`stuck\` (records with \`drop\`, values with \`null\`). Counted: \`stuck\` (with \`flag\`),
\`out-of-order\`, \`text\`, \`no-key\`, \`keys-evicted\`.
`;

export const kind = defineKind({
  type: 'clean.stuck',
  category: 'clean',
  title: 'Stuck sensor',
  summary: 'Finds a value that has not moved for too long.',
  docs,
  settings: z.object({
    field: z.string().min(1).describe('Field to check.'),
    forMs: z
      .number()
      .positive()
      .describe('How long a value may stay where it is before it is stuck, in milliseconds.'),
    epsilon: z
      .number()
      .min(0)
      .default(0)
      .describe('Largest movement that still counts as none, in the unit of the field.'),
    action: z
      .enum(['drop', 'null', 'flag'])
      .default('drop')
      .describe('What happens to a stuck value, or to its record.'),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { field: 'flow', forMs: 600_000, epsilon: 0.01, action: 'flag' } },
  reads: judgeReads,
  columns: (settings, inputs) => judgeColumns(settings, 'stuck', inputs),
});
