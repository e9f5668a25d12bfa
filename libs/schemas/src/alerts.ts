/**
 * Words of the room `alerts`: what a flow says a person should know, and the results that flows send up.
 */
import { z } from 'zod';
import { pageOf } from './access.js';
import { FilteredPageQuery } from './fleet.js';
import { RecordValues, Severity } from './protocol.js';

const Time = z.iso.datetime();
const Id = z.string().min(1).max(64);

export const AlertState = z.enum(['raised', 'acknowledged', 'cleared']).meta({ id: 'AlertState' });
export type AlertState = z.infer<typeof AlertState>;

export const Alert = z
  .object({
    id: Id,
    /** Event time of the record that raised it, epoch milliseconds. */
    t: z.number(),
    receivedAt: Time,
    node: Id,
    nodeName: z.string(),
    flow: z.string(),
    version: z.number().int(),
    module: z.string(),
    key: z.string().nullable(),
    severity: Severity,
    state: AlertState,
    message: z.string(),
    values: RecordValues,
    acknowledgedBy: z.string().nullable(),
    acknowledgedAt: Time.nullable(),
    /** Event time of the record that cleared it, epoch milliseconds. */
    clearedT: z.number().nullable(),
    clearedAt: Time.nullable(),
  })
  .meta({ id: 'Alert' });
export type Alert = z.infer<typeof Alert>;
export const AlertList = pageOf(Alert).meta({ id: 'AlertList' });

/** `filter` knows id, state, severity, node, nodeName, flow, version, module, key and t. */
export const AlertQuery = FilteredPageQuery.extend({
  state: AlertState.optional(),
  severity: Severity.optional(),
  node: z.string().max(128).optional(),
  flow: z.string().max(128).optional(),
});
export type AlertQuery = z.infer<typeof AlertQuery>;

/** The same choice without pages, for `GET /v1/alerts:count`. */
export const AlertCountQuery = AlertQuery.omit({ cursor: true, limit: true });
export type AlertCountQuery = z.infer<typeof AlertCountQuery>;

export const AlertCount = z
  .object({
    total: z.number().int(),
    byState: z.record(AlertState, z.number().int()),
    bySeverity: z.record(Severity, z.number().int()),
  })
  .meta({ id: 'AlertCount' });
export type AlertCount = z.infer<typeof AlertCount>;

export const Result = z
  .object({
    id: Id,
    receivedAt: Time,
    node: Id,
    flow: z.string(),
    version: z.number().int(),
    module: z.string(),
    records: z.array(RecordValues),
  })
  .meta({ id: 'Result' });
export type Result = z.infer<typeof Result>;
export const ResultList = pageOf(Result).meta({ id: 'ResultList' });
