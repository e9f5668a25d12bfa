/** What every module has in common that acts on the world outside: when it may. Browser-safe. */
import { mergeColumns, withColumns, type Columns, type FieldRead, type PortColumns } from '@millrace/flow';
import { z } from 'zod';
import { keySettings } from '../keyed.js';
import { neverTrue } from '../route/boolean.js';

export const actSettings = {
  maxRowAgeMs: z
    .number()
    .positive()
    .describe('Rows that are older than this by the time they would be sent are refused, in milliseconds.'),
  requires: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Fields that a row must have, measured and not made up. When absent: every field that it has.'),
  interlock: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Expression that must be true of a row, such as `guard == true && speed < 5`; else it is refused.',
    ),
  minIntervalMs: z
    .number()
    .min(0)
    .default(0)
    .describe('Least time from one act to the next, in milliseconds; rows in between are refused.'),
  dryRun: z.boolean().default(false).describe('Do everything but send.'),
  timeoutMs: z
    .number()
    .int()
    .min(1)
    .max(60_000)
    .default(5000)
    .describe('How long the other side may take to answer, in milliseconds.'),
  ...keySettings,
};

export interface ActSettings {
  maxRowAgeMs: number;
  requires?: string[];
  interlock?: string;
  minIntervalMs: number;
  dryRun: boolean;
  timeoutMs: number;
  keyBy?: string;
  maxKeys: number;
}

export const ACT_PORTS = ['out', 'refused'];

/** Belongs into the docs of every act. */
export const actDocs = `
A row must pass all of this, in this order, or it is refused: it leaves by the port \`refused\`, with the reason in its
field \`refused\`, and is dropped under that reason. What was sent leaves by \`out\`, with \`act: "sent"\`.

| reason | the row |
| --- | --- |
| \`replay\` | comes from a file that is replayed, and not from now; the flow never acts then |
| \`backfill\` | was made too late (\`backfill\` of \`align.rows\`) |
| \`revision\` | corrects one that was sent before (\`revision\` of \`align.rows\`) |
| \`stale\`, \`future\` | its time is more than \`maxRowAgeMs\` before, or after, the node's clock |
| \`incomplete\` | lacks one of \`requires\`, or has a null, a NaN or a cell that \`align.rows\` flagged stale, missing, null or default |
| \`interlock\` | does not make \`interlock\` true; a comparison with a null is false, and so is a field that is not there |
| \`no-key\` | has no value in the field of \`keyBy\` |
| \`interval\` | comes less than \`minIntervalMs\` after the last act (of its key) |
| \`busy\` | finds \`queue.size\` others waiting to be sent |
| \`stopped\` | was waiting when the flow stopped |
| \`failed\` | was sent, or tried to be, and the other side did not agree in time; it is an error too, and \`onError\` decides |

- Rows go out one after the other. Nothing is kept on disk and nothing is sent again: a command that comes late is worse
  than none. Of a row that \`failed\` nobody knows whether it arrived. The age is looked at again just before a row is sent.
- With \`dryRun\` all rules hold and nothing is sent: rows leave by \`out\` with \`act: "dryRun"\`.
- The time of the last act is kept over a restart. A row that was sent just before a crash may be sent again after it,
  while it is not stale: let \`minIntervalMs\` be larger than \`maxRowAgeMs\` where that must not be.
- The log names the row's time, the reason and the limit, once a minute for each reason.
- Gap records do not act, and pass by \`out\`.

Counted: \`sent\`, \`dry-run\`, \`keys-evicted\`.`;

export const actExpressions = ({ interlock }: ActSettings) =>
  interlock === undefined ? [] : [{ pointer: '/interlock', source: interlock }];

export const actReads = ({ requires = [], keyBy }: ActSettings): FieldRead[] => [
  ...requires.map((field, i) => ({ pointer: `/requires/${i}`, field })),
  ...(keyBy === undefined ? [] : [{ pointer: '/keyBy', field: keyBy }]),
];

export function actColumns(_settings: ActSettings, inputs: readonly Columns[]): PortColumns {
  const incoming = { ...mergeColumns(inputs), periodMs: undefined };
  return {
    ports: {
      out: withColumns(incoming, { act: 'string' }),
      refused: withColumns(incoming, { refused: 'string' }),
    },
  };
}

export const actProblems = ({ interlock }: ActSettings) =>
  interlock === undefined ? [] : neverTrue('/interlock', interlock);
