/** Numbers as people type them. Pure. */
import type { FormField } from '@millrace/flow';
import { duration } from '../../ui/units.js';

export type NumberField = Extract<FormField, { kind: 'number' | 'integer' | 'duration' }>;

/** What was typed: a number where it is one, the text itself otherwise, undefined for nothing. */
export function typedNumber(field: NumberField, text: string): number | string | undefined {
  const plain = text.trim();
  if (plain === '') return undefined;
  const number = Number(plain);
  if (Number.isFinite(number)) return number;
  if (field.kind === 'duration') return typedDuration(plain) ?? text;
  return text;
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `2.5 s` is 2500. */
function typedDuration(text: string): number | undefined {
  const [, number, unit = ''] = /^([\d.]+)\s*([a-z]+)$/i.exec(text) ?? [];
  const ms = Number(number) * (UNITS[unit.toLowerCase()] ?? NaN);
  return Number.isFinite(ms) ? Math.round(ms * 1_000) / 1_000 : undefined;
}

/** Why it is no value of the field, in words; the rest is said by the check of the flow. */
export function wrongNumber(field: NumberField, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number') {
    if (typeof value === 'string' && /^\d+,\d+$/.test(value.trim()))
      return `Write the fraction with a dot: ${value.trim().replace(',', '.')}.`;
    return `"${String(value).slice(0, 40)}" is not a number.`;
  }
  if (field.kind === 'integer' || (field.kind === 'duration' && field.whole))
    if (!Number.isInteger(value)) return 'This must be a whole number.';
  const { min, max, above, below } = field;
  if ((min !== undefined && value < min) || (above !== undefined && value <= above)) return limitsOf(field);
  if ((max !== undefined && value > max) || (below !== undefined && value >= below)) return limitsOf(field);
  return undefined;
}

function limitsOf({ min, max, above, below }: NumberField): string {
  const low = min !== undefined ? `at least ${min}` : above !== undefined ? `above ${above}` : undefined;
  const high = max !== undefined ? `at most ${max}` : below !== undefined ? `below ${below}` : undefined;
  return `This must be ${[low, high].filter(Boolean).join(' and ')}.`;
}

/** The human reading beside a duration, or beside many bytes. */
export function reading(field: FormField, value: unknown): string | undefined {
  if (field.kind === 'duration')
    return typeof value === 'number' && value >= 1_000 ? exact(value) : undefined;
  return undefined;
}

/** `2.5 s`, `1 h 30 min`: no less than what is written. */
function exact(ms: number): string {
  const said = duration(ms);
  if (ms < 60_000 || ms % 60_000 === 0) {
    const minutes = ms / 60_000;
    const hours = Math.floor(minutes / 60);
    if (ms < 60_000 || hours === 0 || minutes % 60 === 0 || hours >= 24) return said;
    return `${hours} h ${minutes % 60} min`;
  }
  return `about ${said}`;
}
