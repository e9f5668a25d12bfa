/** The settings of `align.rows` as an aligner counts: whole microseconds, defaults filled in, live or replayed. */
import type { AlignerRules } from './aligner.js';
import type { AlignSettings } from './settings.js';

/** What a grid of another column's samples has for a period where one is needed for a default. */
const NOMINAL_PERIOD_MS = 1000;

/**
 * `code` gives the number that stands for a text. In a replay idle, wall, back-fill and future skew do not
 * act (rule 11).
 */
export function rulesOf(
  settings: AlignSettings,
  live: boolean,
  code: (column: number, text: string) => number,
): AlignerRules {
  const { grid, start, columns } = settings;
  const us = (ms: number) => Math.round(ms * 1000);
  const periodMs = grid.periodMs ?? NOMINAL_PERIOD_MS;
  const latenessMs = settings.latenessMs ?? Math.min(periodMs / 2, 500);
  const watermark = live || settings.watermark !== 'wall' ? settings.watermark : 'max';
  return {
    period: grid.periodMs === undefined ? 0 : us(grid.periodMs),
    origin: 'master' in grid ? 0 : us(grid.originMs),
    master: 'master' in grid ? columns.findIndex(({ name }) => name === grid.master) : -1,
    watermark,
    wait: settings.ties === 'go' ? 0 : 1,
    idle: live ? us(settings.idleMs ?? 2 * periodMs) : 0,
    futureSkew: live ? us(settings.futureSkewMs) : Infinity,
    late: settings.late,
    horizon: settings.reviseHorizonRows,
    start: start.when,
    startTimeout: us(start.timeoutMs),
    emit: settings.emit,
    maxFill: settings.maxFillRows,
    backfill: live ? us(settings.backfillMs) : Infinity,
    nullsSet: settings.nulls === 'set',
    maxSamples: settings.maxSamplesPerColumn,
    columns: columns.map((column, i) => ({
      method: column.method,
      maxAge: column.maxAgeMs === undefined ? Infinity : us(column.maxAgeMs),
      fallback: fallbackOf(column.default, (text) => code(i, text)),
      circular: column.circular ?? 0,
      closedLeft: settings.closed === 'left',
      required: column.required,
      lateness: us(column.latenessMs ?? latenessMs),
    })),
  };
}

function fallbackOf(value: number | string | boolean | undefined, code: (text: string) => number): number {
  if (value === undefined) return NaN;
  if (typeof value === 'string') return code(value);
  return Number(value);
}
