/**
 * Words of the overview: how everything stands, on one page. Nothing here can be changed.
 *
 * Series are an hour by the minute, oldest first; the minute that is running is not among them.
 */
import { z } from 'zod';
import { Severity } from './protocol.js';

const Time = z.iso.datetime();
const counter = z.number().int().nonnegative();

/** One flow over all nodes. */
export const FlowOverview = z
  .object({
    name: z.string(),
    /** Null: nothing was published yet, or the flow was removed while nodes still have it. */
    latestVersion: z.number().int().nullable(),
    /** Nodes that should run it, in whatever version. */
    nodesDesired: counter,
    /** Of these, those that run exactly what is desired. */
    nodesRunning: counter,
    /** Nodes that said why not, and are not merely waiting. */
    nodesFailing: counter,
    /** Of the desired, those that are not there. */
    nodesOffline: counter,
    /** Of the last whole minute, all nodes together; null: nothing was heard. */
    recordsPerSecond: z.number().nullable(),
    /** Alerts that are raised now and that nobody has acknowledged. */
    alertsRaised: counter,
    /** Records a second, 60 values; null: nothing was heard in that minute. */
    rates: z.array(z.number().nullable()),
    /** Alerts raised in each minute, 60 values. */
    alerts: z.array(counter),
    /** Of the last hour: what its sources took in, what its sinks gave out. */
    bytesIn: z.number(),
    bytesOut: z.number(),
  })
  .meta({ id: 'FlowOverview' });
export type FlowOverview = z.infer<typeof FlowOverview>;

/** `GET /v1/overview`. Revoked nodes are not counted. */
export const Overview = z
  .object({
    /** End of the series: the beginning of the minute that is running. */
    at: Time,
    nodes: z.object({ total: counter, online: counter, offline: counter, notAsDesired: counter }),
    flows: z.array(FlowOverview),
    deployments: z.object({ underway: counter }),
    alerts: z.object({
      raised: counter,
      acknowledged: counter,
      /** Of those that are raised or acknowledged. */
      bySeverity: z.record(Severity, counter),
    }),
  })
  .meta({ id: 'Overview' });
export type Overview = z.infer<typeof Overview>;
