/** source.http as data. Browser-safe. */
import { anyColumns, defineKind } from '@millrace/flow';
import { z } from 'zod';
import { Auth, authProblems } from '../../http/settings.js';
import { payloadSettings } from '../payload-settings.js';

export const kind = defineKind({
  type: 'source.http',
  category: 'source',
  title: 'HTTP',
  summary: 'Listens for records that others send with POST.',
  docs: `Listens on a port of the node and makes records of what is sent to \`path\` with POST: a JSON object, a JSON array of
objects, or, as \`application/x-ndjson\`, an object a line. A number, string or boolean alone becomes the field \`value\`.

| answer | means |
| --- | --- |
| 200 \`{"records": 3, "refused": 0}\` | the records are in the flow; of those that are none the last reason is the \`problem\` |
| 400 | nothing of it was a record |
| 401 | the credential is missing or wrong |
| 404, 405 | another path, another method |
| 413 | the body has more than \`maxBodyBytes\` |
| 408 | the body did not come within 30 seconds |
| 503 with \`Retry-After\` | the flow holds its sources back, or it stops: send it again |

- An answer of 200 says that the flow has the records, not that they have left it: what must survive a power cut is sent
  again by who has it, or comes by MQTT.
- It listens on this machine alone unless \`host\` says otherwise: \`0.0.0.0\` is every network of the node, and then \`auth\`
  is required. The line is plain HTTP; put a proxy with TLS before it where it leaves the machine.
- A port has one listener: two of these modules need two ports.
- What cannot be read is counted by reason (\`json\`, \`time\`, and \`object\` or \`list\` for a field that is none), the last
  error says why, and \`onError\` decides.

Counters: bytes; \`counted.requests\`, \`counted.unauthorized\`, \`counted.too-large\`, \`counted.held-back\`.`,
  settings: z.object({
    path: z
      .string()
      .regex(/^\/[^\s?#]*$/, 'a path begins with / and has no query')
      .describe('Path that records are sent to, such as /readings.'),
    port: z
      .number()
      .int()
      .min(0)
      .max(65_535)
      .default(8090)
      .describe('Port to listen on; 0: any that is free.'),
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('Address of the node to listen on; 0.0.0.0 for all of them.'),
    auth: Auth.optional(),
    maxBodyBytes: z
      .number()
      .int()
      .min(1)
      .max(64 * 1024 * 1024)
      .default(1024 * 1024)
      .describe('Bytes of a body, at most.'),
    ...payloadSettings,
  }),
  inputs: 'none',
  outputs: ['out'],
  sharing: 'exclusive',
  example: { settings: { path: '/readings', port: 8090, timestamp: { path: 'ts', unit: 'ms' } } },
  columns: () => anyColumns,
  check({ host, auth }) {
    const open = !['127.0.0.1', '::1', 'localhost'].includes(host);
    if (open && auth === undefined) {
      const detail = `whoever reaches ${host} could send records: give it a token, or a name and a password.`;
      return [{ pointer: '/auth', detail }];
    }
    return authProblems(auth);
  },
});

export type HttpSourceSettings = z.output<typeof kind.settings>;
