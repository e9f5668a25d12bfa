/** act.http as data. Browser-safe. */
import { defineKind } from '@millrace/flow';
import { z } from 'zod';
import { authProblems, requestSettings } from '../../http/settings.js';
import {
  ACT_PORTS,
  actColumns,
  actDocs,
  actExpressions,
  actProblems,
  actReads,
  actSettings,
} from '../settings.js';

export const kind = defineKind({
  type: 'act.http',
  category: 'act',
  title: 'Act by HTTP',
  summary: 'Tells a machine what to do over HTTP, when the row is fit to act on.',
  docs: `Sends each row as JSON, \`{"t": 1000, "setpoint": 4.2}\`, a request each. Any answer but 2xx is a failure.
${actDocs}`,
  settings: z.object({
    ...requestSettings,
    method: z.enum(['POST', 'PUT', 'PATCH']).default('POST').describe('Method of the requests.'),
    ...actSettings,
  }),
  inputs: 'many',
  outputs: ACT_PORTS,
  example: {
    settings: { url: 'http://127.0.0.1:8080/setpoint', maxRowAgeMs: 2000, minIntervalMs: 1000, dryRun: true },
  },
  expressions: actExpressions,
  reads: actReads,
  columns: actColumns,
  check: (settings) => [...authProblems(settings.auth), ...actProblems(settings)],
});

export type HttpActSettings = z.output<typeof kind.settings>;
