/**
 * Expected records against those that came: where they differ, in words.
 *
 * Guarantee: pure and in order; an expected record is held to the fields that it names, to all of them with
 * `exactly`. Numbers are equal within a tolerance relative to the larger of the two.
 */
import type { PlainRecord } from '@millrace/engine';
import { momentOf } from '@millrace/flow';
import type { ExpectedRecord } from '@millrace/schemas';

export const TOLERANCE = 1e-9;

export interface Difference {
  /** Of the record; absent when it is about all of them. */
  index?: number;
  field?: string;
  expected: string;
  got: string;
  /** Below the expectation, for the line. */
  path: (string | number)[];
}

export interface Rules {
  exactly: boolean;
  tolerance: number;
}

/** At most one record is told, the first that differs, with all of its fields: what comes after it tends to follow. */
export function differences(
  expected: readonly ExpectedRecord[],
  got: readonly PlainRecord[],
  count: number,
  rules: Rules,
): Difference[] {
  for (let index = 0; index < Math.min(expected.length, got.length); index++) {
    const found = recordDifferences(expected[index]!, got[index]!, rules);
    if (found.length > 0) return found.map((one) => ({ ...one, index, path: [index, ...one.path] }));
  }
  if (count === expected.length) return [];
  const more = count > expected.length;
  const index = Math.min(count, expected.length);
  return [
    {
      index,
      expected: more ? 'no further record' : shown(expected[index]),
      got: more ? shown(got[index]) : 'no further record',
      path: more ? [] : [index],
    },
  ];
}

type Found = Omit<Difference, 'index'>;

function recordDifferences(expected: ExpectedRecord, got: PlainRecord, rules: Rules): Found[] {
  const { absent, ...fields } = isNames(expected.absent) ? expected : { ...expected, absent: [] };
  const names = absent as string[];
  return [
    ...Object.entries(fields).flatMap(([field, value]) => {
      const wanted = field === 't' && typeof value === 'string' ? momentOf(value) : value;
      return valueDifferences(field, wanted, got[field], rules, [field]);
    }),
    ...names
      .filter((field) => field in got)
      .map((field) => ({ field, expected: 'absent', got: shown(got[field]), path: ['absent'] })),
    ...(rules.exactly ? Object.keys(got) : [])
      .filter((field) => !(field in fields) && !names.includes(field))
      .map((field) => ({ field, expected: 'no such field', got: shown(got[field]), path: [] })),
  ];
}

function valueDifferences(
  field: string,
  expected: unknown,
  got: unknown,
  rules: Rules,
  path: string[],
): Found[] {
  if (isObject(expected) && isObject(got)) {
    const inner = Object.entries(expected).flatMap(([name, value]) =>
      valueDifferences(`${field}.${name}`, value, got[name], rules, [...path, name]),
    );
    const more = rules.exactly ? Object.keys(got).filter((name) => !(name in expected)) : [];
    return [
      ...inner,
      ...more.map((name) => ({
        field: `${field}.${name}`,
        expected: 'no such field',
        got: shown(got[name]),
        path,
      })),
    ];
  }
  return equal(expected, got, rules.tolerance)
    ? []
    : [{ field, expected: shown(expected), got: shown(got), path }];
}

function equal(expected: unknown, got: unknown, tolerance: number): boolean {
  if (typeof expected === 'number' && typeof got === 'number') {
    return Math.abs(expected - got) <= tolerance * Math.max(Math.abs(expected), Math.abs(got));
  }
  if (Array.isArray(expected) && Array.isArray(got)) {
    return expected.length === got.length && expected.every((one, i) => equal(one, got[i], tolerance));
  }
  return expected === got;
}

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((name) => typeof name === 'string');

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** One line, and not a long one. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}
