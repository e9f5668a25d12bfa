/** `clean.rate`: values that change faster than the thing that is measured can. */
import { defineKind } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../../keyed.js';
import { judgeColumns, judgeReads } from '../judge-settings.js';

const docs = `
Compares each value with the last one that was not too fast. A value is too fast when
\`|x - last| > maxPerSecond * seconds\`, with the seconds between the timestamps of the two. The limit itself is
allowed.

- A value that is too fast is not compared with afterwards, so the way back from a spike is no second jump. What is
  allowed grows with the time since the last value, so a true step is accepted in the end.
- Two values with the same timestamp must be equal. Where a clock is coarser than the sensor, put \`align.rows\` in
  front.
- A record older than the one before is not judged; it is counted as \`out-of-order\`, and the comparison goes on
  from it. So it does after a clock that stepped back. The first value, and the first after a gap record, are not
  judged either.
- \`drop\` takes the record away, \`null\` only the value, \`clamp\` brings it as far as it could have come, and
  \`flag\` adds the boolean \`<field>_jump\`, true where a value is too fast.
- What is no number (null, NaN, text) is neither judged nor remembered; it passes. Texts are counted as \`text\`.
- A record without a key, where there is a \`keyBy\`, passes and is counted as \`no-key\`.

Dropped, by reason: \`rate\` (records with \`drop\`, values with \`null\`). Counted: \`clamped\`, \`rate\` (with
\`flag\`), \`out-of-order\`, \`text\`, \`no-key\`, \`keys-evicted\`.
`;

export const kind = defineKind({
  type: 'clean.rate',
  category: 'clean',
  title: 'Rate of change',
  summary: 'Finds values that change faster than is possible.',
  docs,
  settings: z.object({
    field: z.string().min(1).describe('Field to check.'),
    maxPerSecond: z
      .number()
      .positive()
      .describe('Fastest possible change, up or down, in units of the field per second.'),
    action: z
      .enum(['drop', 'null', 'clamp', 'flag'])
      .default('drop')
      .describe('What happens to a value that is too fast, or to its record.'),
    ...keySettings,
  }),
  inputs: 'many',
  outputs: ['out'],
  example: { settings: { field: 'temperature', maxPerSecond: 0.5, action: 'null' } },
  reads: judgeReads,
  columns: (settings, inputs) => judgeColumns(settings, 'jump', inputs),
});
