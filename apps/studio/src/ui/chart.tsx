/**
 * Series over time (uPlot), in the colours of the theme. Gaps stay gaps; charts of one `sync` share their cursor;
 * what lies in `bands` is shaded, such as the time of an alert or of silence.
 */
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import classes from './chart.module.css';
import { value as say } from './units.js';

export interface Series {
  label: string;
  /** As long as `t`; null is a gap, undefined is a time at which only others have a point. */
  values: readonly (number | null | undefined)[];
  /** Of the theme's hues, by number. */
  hue?: number;
}

export interface Band {
  /** Epoch milliseconds; `to` open: until now. */
  from: number;
  to?: number;
  kind: 'alert' | 'stale';
}

interface ChartProps {
  /** Epoch milliseconds, rising. */
  t: readonly number[];
  series: readonly Series[];
  bands?: readonly Band[];
  /** Values that matter, such as a threshold. */
  lines?: readonly number[];
  height?: number;
  sync?: string;
  /** False: without the times below, where another chart of the same time stands under it. */
  times?: boolean;
  /** Said to who cannot see it. */
  label: string;
}

const HUES = ['--accent', '--source', '--model', '--act', '--sink', '--shape'];

export default function Chart({
  t,
  series,
  bands = [],
  lines = [],
  height = 160,
  sync,
  times = true,
  label,
}: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const shades = useRef({ bands, lines });
  const scheme = useDrawnScheme();
  const shape = series.map((one) => `${one.label}/${one.hue ?? ''}`).join('\n');

  useEffect(() => {
    const element = place.current!;
    const made = new uPlot(
      optionsOf(element, shape, { height, sync, times }, () => shades.current),
      [[], ...shape.split('\n').map(() => [])],
      element,
    );
    plot.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape, height, sync, times, scheme]);

  useEffect(() => {
    shades.current = { bands, lines };
    plot.current?.setData([
      t.map((ms) => ms / 1_000),
      ...series.map(({ values }) => [...values]),
    ] as uPlot.AlignedData);
  }, [t, series, bands, lines, scheme, height, sync, times, shape]);

  return <div ref={place} className={classes.chart} role="img" aria-label={describe(label, t, series)} />;
}

/** The theme once the page has its colours: it is known a moment before they are there to be read. */
function useDrawnScheme(): 'light' | 'dark' {
  const scheme = useComputedColorScheme();
  const [drawn, setDrawn] = useState(scheme);
  useEffect(() => {
    const frame = requestAnimationFrame(() => setDrawn(scheme));
    return () => cancelAnimationFrame(frame);
  }, [scheme]);
  return drawn;
}

interface Shades {
  bands: readonly Band[];
  lines: readonly number[];
}

function optionsOf(
  element: HTMLElement,
  shape: string,
  { height, sync, times }: { height: number; sync: string | undefined; times: boolean },
  shades: () => Shades,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--text-3'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: `11px 'Inter Variable', sans-serif`,
  };
  return {
    width: element.clientWidth || 300,
    height,
    legend: { live: true },
    cursor: { dataIdx: ownPoint, ...(sync !== undefined && { sync: { key: sync } }) },
    scales: { x: { time: true }, y: { range: rangeOf } },
    axes: [times ? axis : { ...axis, size: 8, values: () => [] }, { ...axis, size: 56 }],
    series: [
      { value: (u, time) => (time === null ? lastTime(u) : new Date(time * 1_000).toLocaleTimeString()) },
      ...shape.split('\n').map((one, index) => {
        const [name, hue] = [one.slice(0, one.lastIndexOf('/')), one.slice(one.lastIndexOf('/') + 1)];
        return {
          label: name,
          stroke: colour(HUES[(hue === '' ? index : Number(hue)) % HUES.length]!),
          width: 1.5,
          spanGaps: false,
          points: { show: false },
          value: (u: uPlot, at: number | null, series: number, index: number | null) =>
            say(at ?? (index === null ? lastOf(u, series) : null)),
        };
      }),
    ],
    hooks: { drawClear: [(u) => shade(u, shades(), colour)] },
  };
}

/** A score that stays at 0 is a line at 0 below 1, and not below 100. */
const rangeOf = (_: uPlot, least: number, most: number): uPlot.Range.MinMax =>
  least === 0 && most === 0 ? [0, 1] : uPlot.rangeNum(least, most, 0.1, true);

/** How far a point of the series itself is looked for, where the axis has those of others. */
const LOOKED_FOR = 200;

function ownPoint(u: uPlot, series: number, at: number): number {
  const values = u.data[series]!;
  for (let away = 0; away < LOOKED_FOR; away++) {
    if (values[at - away] !== undefined) return at - away;
    if (values[at + away] !== undefined) return at + away;
  }
  return at;
}

/** Within this of the present the last point is of now; metrics come by the minute. */
const NOW_MS = 150_000;

/** When the values are of while nobody points at a time: those of a file or of a node that fell silent are not of now. */
function lastTime(u: uPlot): string {
  const last = u.data[0].at(-1);
  if (last === undefined) return '–';
  return Math.abs(Date.now() - last * 1_000) < NOW_MS ? 'now' : new Date(last * 1_000).toLocaleTimeString();
}

/** What it is now, while nobody points at a time. */
const lastOf = (u: uPlot, series: number): number | null =>
  (u.data[series] as readonly (number | null | undefined)[]).findLast((value) => value !== undefined) ?? null;

function shade(u: uPlot, { bands, lines }: Shades, colour: (name: string) => string): void {
  const { ctx, bbox } = u;
  const hatched: [left: number, width: number][] = [];
  ctx.save();
  for (const { from, to, kind } of bands) {
    const left = Math.max(bbox.left, u.valToPos(from / 1_000, 'x', true));
    const right = to === undefined ? bbox.left + bbox.width : u.valToPos(to / 1_000, 'x', true);
    const width = Math.min(right, bbox.left + bbox.width) - left;
    if (width <= 0) continue;
    ctx.fillStyle = colour(kind === 'alert' ? '--broken-soft' : '--off-soft');
    ctx.fillRect(left, bbox.top, width, bbox.height);
    if (kind === 'stale') hatched.push([left, width]);
  }
  // Above all fills: silence is seen within an alert too.
  for (const [left, width] of hatched) hatch(ctx, left, bbox.top, width, bbox.height, colour('--line'));
  ctx.strokeStyle = colour('--look');
  ctx.setLineDash([4, 4]);
  for (const line of lines) {
    const y = u.valToPos(line, 'y', true);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

function hatch(
  ctx: CanvasRenderingContext2D,
  left: number,
  top: number,
  width: number,
  height: number,
  stroke: string,
): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  ctx.strokeStyle = stroke;
  ctx.beginPath();
  for (let x = left - height; x < left + width; x += 8) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
}

function describe(label: string, t: readonly number[], series: readonly Series[]): string {
  if (t.length === 0) return `${label}: no values yet`;
  const said = series.map(
    (one) => `${one.label} ${one.values.findLast((value) => typeof value === 'number') ?? 'unknown'}`,
  );
  return `${label}: ${t.length} points, last ${said.join(', ')}`;
}
