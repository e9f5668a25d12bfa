/** Fields of wires over time: gaps where one was silent, hatched where all were. */
import { Skeleton } from '@mantine/core';
import { DEFAULT_PORT } from '@millrace/flow';
import { lazy, memo, Suspense, useMemo } from 'react';
import type { Band } from '../../ui/chart.js';
import type { Frames } from './frames.js';
import { aligned, allSilent, silences, type Points, type Span } from './series.js';

const Chart = lazy(() => import('../../ui/chart.js'));

/** A field as it leaves a port. */
export interface FieldAt {
  module: string;
  port: string;
  field: string;
}

interface FieldChartProps {
  frames: Frames;
  fields: readonly FieldAt[];
  label: string;
  /** Of the axis; what there is when absent. */
  span?: Span;
  /** Milliseconds since the last frame came, where more should have come. */
  overdue?: number;
  alerts?: readonly Band[];
  height?: number;
  sync?: string;
  /** False: another chart of the same time stands under it. */
  times?: boolean;
}

const NONE: readonly Band[] = [];
const EMPTY: Points = { t: [], v: [] };

export const FieldChart = memo(function FieldChart(props: FieldChartProps) {
  const { frames, fields, label, span, overdue = 0, alerts = NONE, height = 160, sync, times } = props;
  const { from, to } = span ?? {};
  const shown = useMemo(() => {
    const points = fields.map((at) => pointsOf(frames, at));
    const within = from === undefined || to === undefined ? undefined : { from, to };
    const { t, values } = aligned(points, within);
    const spoken = points.filter(({ t }) => t.length > 0);
    const quiet = allSilent(spoken.map((one) => silences(one, silentFor(frames, one, overdue))));
    const bands = [...quiet.map((silence): Band => ({ ...silence, kind: 'stale' })), ...alerts];
    const names = labelsOf(fields);
    return { t, bands, series: names.map((label, index) => ({ label, values: values[index]! })) };
  }, [frames, fields, from, to, overdue, alerts]);
  return (
    <Suspense fallback={<Skeleton height={height + 30} />}>
      <Chart {...shown} label={label} height={height} sync={sync} times={times} />
    </Suspense>
  );
});

/** The field's name, with its port where several have such a field. */
function labelsOf(fields: readonly FieldAt[]): string[] {
  return fields.map(({ module, port, field }) => {
    const twice = fields.filter((other) => other.field === field).length > 1;
    return twice ? `${module}${port === DEFAULT_PORT ? '' : `.${port}`} ${field}` : field;
  });
}

export const pointsOf = (frames: Frames, { module, port, field }: FieldAt): Points =>
  frames.port(module, port)?.series(field) ?? EMPTY;

/** How long a field has said nothing; 0 when nothing more is to come. */
export function silentFor(frames: Frames, { heardAt }: Points, overdue = 0): number {
  if (frames.over || frames.at === null || heardAt === undefined) return 0;
  return Math.max(0, frames.at - heardAt) + overdue;
}
