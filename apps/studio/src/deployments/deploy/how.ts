/** A strategy as a form has it, and back; waves that are dragged. Pure. */
import { defaultStrategy, fullStrategy, MILLION, partsOf } from '@millrace/fleet';
import type { Strategy, Wave } from '@millrace/schemas';

export interface How {
  waves: Wave[];
  /** Percent of a wave's nodes that must run it. */
  share: number;
  runningForMs: number;
  /** A number of nodes, or a percentage such as `5%`. */
  maxFailures: number | string;
  onBreach: 'pause' | 'rollback';
  probationMs: number;
  /** Percent of records. */
  maxErrors: number;
  timeoutMs: number;
  soakMs: number;
}

export function howOf(strategy: Strategy = {}): How {
  const { waves, gate, onBreach, probationMs, maxErrorRate, timeoutMs, soakMs } = fullStrategy(strategy);
  return {
    waves,
    share: percentOf(gate.share),
    runningForMs: gate.runningForMs,
    maxFailures: gate.maxFailures,
    onBreach,
    probationMs,
    maxErrors: percentOf(maxErrorRate),
    timeoutMs,
    soakMs,
  };
}

export const strategyOf = (how: How): Strategy => ({
  waves: how.waves,
  gate: { share: how.share / 100, runningForMs: how.runningForMs, maxFailures: how.maxFailures },
  onBreach: how.onBreach,
  probationMs: how.probationMs,
  maxErrorRate: how.maxErrors / 100,
  timeoutMs: how.timeoutMs,
  soakMs: how.soakMs,
});

const percentOf = (share: number): number => Math.round(share * 1_000_000) / 10_000;

/** `3`, `10%`, or anything else as a selector; undefined when there is nothing. */
export function waveFromText(text: string): Wave | undefined {
  const said = text.trim();
  if (said === '') return undefined;
  if (/^\d+$/.test(said)) return Math.min(1_000_000, Math.max(1, Number(said)));
  const percent = /^(100|\d{1,2})(\.\d{1,3})?\s*%$/.exec(said);
  if (percent) return `${percent[1]}${percent[1] === '100' ? '' : (percent[2] ?? '')}%`;
  return { selector: said };
}

export const textOfWave = (wave: Wave): string => (typeof wave === 'object' ? wave.selector : String(wave));

/** How a failure limit is read: nodes, or a percentage; undefined when it is neither. */
export function failuresFromText(text: string): number | string | undefined {
  const wave = waveFromText(text);
  if (text.trim() === '0') return 0;
  return typeof wave === 'object' ? undefined : wave;
}

/** How many nodes a wave reaches in all, counted from the start; undefined for a selector. */
export function reachOf(wave: Wave, nodes: number): number | undefined {
  if (typeof wave === 'object') return undefined;
  if (typeof wave === 'number') return Math.min(wave, nodes);
  return Math.ceil((partsOf(wave) * nodes) / MILLION);
}

/** The wave's end moved to so many nodes, in the words that it has: nodes stay nodes, percent stays percent. */
export function movedTo(wave: Wave, reach: number, nodes: number): Wave {
  if (typeof wave === 'object') return wave;
  if (typeof wave === 'number') return Math.max(1, reach);
  const percent = Math.round((reach / Math.max(1, nodes)) * 100);
  return `${Math.min(100, Math.max(1, percent))}%`;
}

/** Between which reaches a wave's end may lie, so that its own wave and the next keep a node. */
export function roomOf(
  waves: readonly Wave[],
  index: number,
  nodes: number,
): { least: number; most: number } {
  const before = index === 0 ? 0 : (reachOf(waves[index - 1]!, nodes) ?? 0);
  const after = index + 1 >= waves.length ? nodes : (reachOf(waves[index + 1]!, nodes) ?? nodes);
  const least = Math.min(nodes, before + 1);
  return { least, most: Math.max(least, after - 1) };
}

/** One wave more, in the middle of the last one. */
export function withOneMore(waves: readonly Wave[], nodes: number): Wave[] {
  const before = waves.length < 2 ? 0 : (reachOf(waves.at(-2)!, nodes) ?? 0);
  const middle = Math.ceil((before + Math.max(nodes, before + 2)) / 2);
  const more: Wave = nodes > 20 ? movedTo('50%', middle, nodes) : Math.max(1, middle);
  return [...waves.slice(0, -1), more, waves.at(-1) ?? '100%'];
}

export const PRESETS: readonly { name: string; strategy: Strategy }[] = [
  { name: 'One node first', strategy: { waves: defaultStrategy.waves } },
  {
    name: 'In four waves',
    strategy: { waves: [1, '10%', '50%', '100%'], gate: { runningForMs: 60_000, maxFailures: '5%' } },
  },
  { name: 'All at once', strategy: { waves: ['100%'] } },
];
