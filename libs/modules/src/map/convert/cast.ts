/**
 * Values from one type to another. What cannot be said in the new type is `undefined`, never a guess: the caller
 * counts it. Nulls are the caller's.
 */
import type { FieldValue } from '@millrace/engine';

export const CASTS = ['number', 'integer', 'string', 'boolean'] as const;
export type Cast = (typeof CASTS)[number];

/** A decimal number as sensors and CSV files write it; no `0x10`, no empty text, no `1,5`. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

const WORDS = new Map([
  ...['true', 'on', 'yes', '1'].map((word) => [word, true] as const),
  ...['false', 'off', 'no', '0'].map((word) => [word, false] as const),
]);

export function cast(value: FieldValue, to: Cast): FieldValue | undefined {
  switch (to) {
    case 'number':
      return numberOf(value);
    case 'integer':
      return integerOf(value);
    case 'string':
      if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined;
      return value instanceof Float64Array || value === null ? undefined : String(value);
    case 'boolean':
      return booleanOf(value);
  }
}

function numberOf(value: FieldValue): number | Float64Array | undefined {
  if (typeof value === 'number' || value instanceof Float64Array) return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  const text = value?.trim() ?? '';
  const number = DECIMAL.test(text) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** Towards zero, as numpy's `astype(int)`. */
function integerOf(value: FieldValue): number | Float64Array | undefined {
  const number = numberOf(value);
  if (number instanceof Float64Array) return number.map((x) => Math.trunc(x) + 0);
  // 0 added: -0.5 becomes 0 and not -0.
  return number === undefined || !Number.isFinite(number) ? undefined : Math.trunc(number) + 0;
}

function booleanOf(value: FieldValue): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value !== 0 : undefined;
  return typeof value === 'string' ? WORDS.get(value.trim().toLowerCase()) : undefined;
}
