/** source.timer as data. Browser-safe. */
import { columnsOf, defineKind } from '@millrace/flow';
import { z } from 'zod';

export const kind = defineKind({
  type: 'source.timer',
  category: 'source',
  title: 'Timer',
  summary: 'Makes a record every so often.',
  docs: `Makes a record with the field \`tick\`, a number that counts up from 0, every \`everyMs\`. The first comes at the start.

- With \`aligned\` ticks come at whole multiples of \`everyMs\` since 1970 (UTC), and their time is exactly that: at
  \`everyMs: 60000\` each full minute. The first comes at the next of them. Without it, the time is the moment of the tick.
- Ticks that could not come in time, since the node was busy, asleep, or holds its sources back, are left out and
  counted; they are never made up for. A clock that is put back or forward moves aligned ticks with it.
- The number goes on over a restart.

Counted: \`missed\`.`,
  settings: z.object({
    everyMs: z
      .number()
      .int()
      .min(10)
      .max(366 * 86_400_000)
      .describe('Time from one tick to the next, in milliseconds.'),
    aligned: z
      .boolean()
      .default(false)
      .describe(
        'Ticks at whole multiples of the time, such as each full minute, instead of from the start on.',
      ),
  }),
  inputs: 'none',
  outputs: ['out'],
  sharing: 'shared',
  example: { settings: { everyMs: 60_000, aligned: true } },
  columns: ({ everyMs, aligned }) => columnsOf({ tick: 'number' }, aligned ? { periodMs: everyMs } : {}),
});

export type TimerSettings = z.output<typeof kind.settings>;
