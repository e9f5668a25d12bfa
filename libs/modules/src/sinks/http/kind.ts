/** sink.http as data. Browser-safe. */
import { defineKind } from '@millrace/flow';
import { z } from 'zod';
import { authProblems, requestSettings } from '../../http/settings.js';
import { Buffering, usualBuffer } from '../buffer/settings.js';

export const kind = defineKind({
  type: 'sink.http',
  category: 'sink',
  title: 'HTTP',
  summary: 'Sends records to a server in batches, and keeps them on disk while it is away.',
  docs: `Sends records as JSON, \`{"t": 1000, "pressure": 4.2}\`; a hole as \`{"gap": {...}}\`. While a request is under way the
next batch grows, so a server that answers quickly gets small batches soon, and a slow one large ones. One request is
under way at a time, so records arrive in order.

| format | body of a request |
| --- | --- |
| array | a JSON array of the records, also of one |
| lines | a record a line (\`application/x-ndjson\`) |
| single | one record, a request each |

| answer | what happens |
| --- | --- |
| 2xx | the records are sent |
| 408, 425, 429, 5xx, none in time | they stay in the buffer; the next try comes when \`Retry-After\` says, or after a second, doubled up to a minute |
| 3xx, 401, 403, 407 | the same, since it says nothing about the records, but something about the address or the credential |
| other 4xx | the server refuses them: the batch is halved until the refused records are found; the others are sent |

Refused records are written to \`dead-MODULE.jsonl\` in the flow's work folder, a line each with the answer, and dropped
as \`refused\`. Of that file and the one before it 8 MiB each are kept.

What the server has not taken within 20 ms is written to the work folder and synced, in groups, and sent when the server
takes it, also after a restart. A record may arrive twice after a cut. When a replayed file ends, the flow waits until
all is sent or nothing has moved for five seconds; the rest stays on disk for the next run.

Counters: \`counted.made\` = \`counted.sent\` + \`counted.buffered\` + what was dropped, at every moment; \`counted.made\`
begins with what an earlier run left, which is \`counted.resumed\`. \`counted.requests\`, \`counted.retries\`. Dropped:
\`refused\`, \`buffer-full\`, \`too-old\`, \`unwritable\`.`,
  settings: z.object({
    ...requestSettings,
    method: z.enum(['POST', 'PUT', 'PATCH']).default('POST').describe('Method of the requests.'),
    format: z.enum(['array', 'lines', 'single']).default('array').describe('What a body is; see the docs.'),
    batch: z
      .strictObject({
        maxRecords: z.number().int().min(1).max(256).default(100).describe('Records a request, at most.'),
        maxBytes: z
          .number()
          .int()
          .min(1024)
          .max(64 * 1024 * 1024)
          .default(1024 * 1024)
          .describe('Bytes a request, at most; a single larger record goes alone.'),
        waitMs: z
          .number()
          .min(0)
          .max(60_000)
          .default(0)
          .describe('How long a batch that is not full waits for more, in milliseconds.'),
      })
      .default({ maxRecords: 100, maxBytes: 1024 * 1024, waitMs: 0 })
      .describe('How many records go together.'),
    timeoutMs: z
      .number()
      .int()
      .min(1)
      .max(600_000)
      .default(10_000)
      .describe('How long an answer may take, in milliseconds.'),
    buffer: Buffering.default(usualBuffer),
  }),
  inputs: 'many',
  outputs: [],
  example: { settings: { url: 'http://127.0.0.1:8080/readings', batch: { maxRecords: 100, waitMs: 200 } } },
  check: ({ auth }) => authProblems(auth),
});

export type HttpSinkSettings = z.output<typeof kind.settings>;
