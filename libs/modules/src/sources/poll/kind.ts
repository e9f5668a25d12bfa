/** source.poll as data. Browser-safe. */
import { anyColumns, defineKind } from '@millrace/flow';
import { z } from 'zod';
import { authProblems, requestSettings } from '../../http/settings.js';
import { payloadSettings } from '../payload-settings.js';

export const kind = defineKind({
  type: 'source.poll',
  category: 'source',
  title: 'Poll',
  summary: 'Asks a server every so often and makes records of the answers.',
  docs: `Sends GET to \`url\` every \`everyMs\`, and makes records of the answer: a JSON object, a JSON array of objects, or, with
\`application/x-ndjson\`, an object a line. A number, string or boolean alone becomes the field \`value\`.

- Polls stand on a grid that does not drift. One is under way at a time: those that fall due meanwhile, or while the
  flow holds its sources back, are left out and counted (\`counted.missed\`).
- An answer that gives an \`ETag\` or \`Last-Modified\` is asked for with it the next time; 304 gives no record
  (\`counted.unchanged\`). Without them, the same answer gives the same records again.
- A server that does not answer, or not with 2xx, costs that poll (\`counted.failed\`) and is told once in the log, and
  once more when the reason changes; the flow goes on. \`Retry-After\` is obeyed.
- What cannot be read is counted by reason (\`json\`, \`time\`, and \`object\` or \`list\` for a field that is none), the last
  error says why, and \`onError\` decides.

Counters: bytes; \`counted.polls\`, \`counted.failed\`, \`counted.missed\`, \`counted.unchanged\`.`,
  settings: z.object({
    ...requestSettings,
    everyMs: z
      .number()
      .int()
      .min(100)
      .max(366 * 86_400_000)
      .describe('Time from one poll to the next, in milliseconds.'),
    aligned: z
      .boolean()
      .default(false)
      .describe(
        'Polls at whole multiples of the time, such as each full minute, instead of from the start on.',
      ),
    timeoutMs: z
      .number()
      .int()
      .min(1)
      .max(600_000)
      .default(10_000)
      .describe('How long an answer may take, in milliseconds.'),
    maxBodyBytes: z
      .number()
      .int()
      .min(1)
      .max(64 * 1024 * 1024)
      .default(1024 * 1024)
      .describe('Bytes of an answer, at most.'),
    ...payloadSettings,
  }),
  inputs: 'none',
  outputs: ['out'],
  sharing: 'shared',
  example: { settings: { url: 'http://127.0.0.1:8080/state', everyMs: 1000 } },
  columns: () => anyColumns,
  check: ({ auth }) => authProblems(auth),
});

export type PollSettings = z.output<typeof kind.settings>;
