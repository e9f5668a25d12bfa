/** How a node and its flows do: now, and over the last hour by the minute. */
import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { FlowMetrics, Node, NodeMetrics as Metrics } from '@millrace/schemas';
import { lazy, Suspense, type ReactNode } from 'react';
import { api } from '../data/api.js';
import { Card, Empty, Loading, Show } from '../ui/page.js';
import { bytes, count, duration, many, reduction, short } from '../ui/units.js';
import { When } from '../ui/when.js';
import classes from './node.module.css';
import { Quiet } from './parts.js';

const Chart = lazy(() => import('../ui/chart.js'));

const POLL_MS = 10_000;
const CHART_PX = 140;

export default function NodeMetrics({ node }: { node: Node }) {
  const metrics = useQuery({
    queryKey: ['node-metrics', node.id],
    queryFn: () => api().fleet.nodeMetrics(node.id),
    refetchInterval: POLL_MS,
  });
  return (
    <Show of={metrics} lines={8}>
      {(data) =>
        data.at === null ? (
          <Empty title="It has sent no metrics yet">
            They come every half minute from a node that is online.
          </Empty>
        ) : (
          <Stack>
            <OfNode metrics={data} node={node} />
            {data.flows.map((flow) => (
              <OfFlow key={flow.flow} id={node.id} flow={flow} />
            ))}
          </Stack>
        )
      }
    </Show>
  );
}

function OfNode({ metrics, node }: { metrics: Metrics; node: Node }) {
  const load = useQuery({
    queryKey: ['node-load', node.id],
    queryFn: () => api().fleet.nodeLoad(node.id),
    refetchInterval: POLL_MS,
  });
  const { cpuShare, memoryBytes, diskFreeBytes, uptimeMs, outbox } = metrics;
  const none = 'unknown';
  return (
    <Card
      title="Node"
      actions={
        <Quiet>
          of <When at={metrics.at} />
        </Quiet>
      }
    >
      <Figures label="Now">
        <Figure name="Processor">
          {cpuShare === null ? none : `${short(cpuShare * 100)} % of ${many(node.facts?.cpus ?? 1, 'core')}`}
        </Figure>
        <Figure name="Memory">{memoryBytes === null ? none : bytes(memoryBytes)}</Figure>
        <Figure name="Free disk">{diskFreeBytes === null ? none : bytes(diskFreeBytes)}</Figure>
        <Figure name="Up for">{uptimeMs === null ? none : duration(uptimeMs)}</Figure>
        {outbox && (
          <>
            <Figure name="Outbox: made">{count(outbox.made)}</Figure>
            <Figure name="sent">{count(outbox.sent)}</Figure>
            <Figure name="waiting on disk">{count(outbox.buffered)}</Figure>
            <Figure name="dropped">{count(outbox.dropped)}</Figure>
          </>
        )}
      </Figures>
      <Show of={load} lines={3}>
        {({ from, stepMs, cpuShare: cpu, memoryBytes: memory }) => (
          <Charts>
            <Line
              label="Processor, %"
              of={node.id}
              from={from}
              stepMs={stepMs}
              values={cpu.map((share) => (share === null ? null : share * 100))}
            />
            <Line
              label="Memory, MB"
              of={node.id}
              from={from}
              stepMs={stepMs}
              values={memory.map((size) => (size === null ? null : size / 1e6))}
              hue={1}
            />
          </Charts>
        )}
      </Show>
    </Card>
  );
}

function OfFlow({ id, flow }: { id: string; flow: FlowMetrics }) {
  const rates = useQuery({
    queryKey: ['node-rates', id, flow.flow],
    queryFn: () => api().fleet.nodeFlowRates(id, flow.flow),
    refetchInterval: POLL_MS,
  });
  const smaller = reduction(flow.bytesIn, flow.bytesOut);
  return (
    <Card
      title={flow.flow}
      actions={
        <Quiet>
          started <When at={flow.startedAt} />
        </Quiet>
      }
    >
      <Figures label={`${flow.flow} since it started`}>
        <Figure name="Records">{count(flow.records)}</Figure>
        <Figure name="Errors">{count(flow.errors)}</Figure>
        <Figure name="In">{bytes(flow.bytesIn)}</Figure>
        <Figure name="Out">{bytes(flow.bytesOut)}</Figure>
        {smaller !== undefined && <Figure name="What leaves is">{smaller}</Figure>}
        <Figure name="Memory">{bytes(flow.memoryBytes)}</Figure>
      </Figures>
      <Show of={rates} lines={3}>
        {({ from, stepMs, recordsPerSecond, errors }) => (
          <Charts>
            <Line label="Records a second" of={id} from={from} stepMs={stepMs} values={recordsPerSecond} />
            <Line label="Errors a minute" of={id} from={from} stepMs={stepMs} values={errors} hue={3} />
          </Charts>
        )}
      </Show>
    </Card>
  );
}

const Figures = ({ label, children }: { label: string; children: ReactNode }) => (
  <dl className={classes.figures} aria-label={label}>
    {children}
  </dl>
);

const Figure = ({ name, children }: { name: string; children: ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

const Charts = ({ children }: { children: ReactNode }) => (
  <Suspense fallback={<Loading lines={3} />}>
    <div className={classes.charts}>{children}</div>
  </Suspense>
);

interface LineProps {
  label: string;
  /** Id of the node, whose charts share their cursor. */
  of: string;
  from: number;
  stepMs: number;
  values: readonly (number | null)[];
  hue?: number;
}

function Line({ label, of, from, stepMs, values, hue }: LineProps) {
  return (
    <Chart
      label={label}
      t={values.map((_, index) => from + index * stepMs)}
      series={[{ label, values, hue }]}
      height={CHART_PX}
      sync={of}
    />
  );
}
