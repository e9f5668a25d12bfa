/** What is typed in one word: `NAME@VERSION` for flows and resources, numbers, shares, moments. */
import { UsageError } from './usage.js';

export interface Versioned {
  name: string;
  /** Absent: the newest. */
  version?: number;
}

export function versioned(text: string): Versioned {
  const [name = '', version, more] = text.split('@');
  if (name === '' || more !== undefined || (version !== undefined && !/^[1-9]\d{0,8}$/.test(version))) {
    throw new UsageError(`"${text}" is not NAME@VERSION, such as pump-watch@3.`);
  }
  return { name, ...(version === undefined ? {} : { version: Number(version) }) };
}

export function wholeNumber(option: string, text: string, least = 1): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) {
    throw new UsageError(`${option} takes a whole number from ${least}, and not "${text}".`);
  }
  return value;
}

/** 0 to 1. */
export function share(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) {
    throw new UsageError(`${option} takes a share from 0 to 1, such as 0.1, and not "${text}".`);
  }
  return value;
}

/** In ISO 8601, whatever way it was typed in. */
export function momentOf(option: string, text: string): string {
  const time = Date.parse(text);
  if (Number.isNaN(time)) {
    throw new UsageError(`${option} takes a time such as 2026-05-01T12:00:00Z, and not "${text}".`);
  }
  return new Date(time).toISOString();
}
