/**
 * What a worker and its session tell each other in JSON: the headers of the protocol's frames.
 *
 * A batch's body holds `rows x columns` numbers of `dtype`, row-major; with `steps` each row is `steps x columns`.
 * A column that has texts in a batch stands in its header and not in its body. A result's body is float64, row-major,
 * by the fields that its header names; without a header it is one number a row for each of `outputs`.
 */
import { createHash } from 'node:crypto';
import type { ContractDtype } from '@millrace/schemas';

export const PROTOCOL = 1;

export interface Hello {
  protocol: typeof PROTOCOL;
  columns: { name: string; dtype: ContractDtype }[];
  dtype: 'float32' | 'float64';
  /** The field that is a matrix of rows by `columns`; absent: a row is a value a column. */
  window?: string;
  /** Names of what a result must have. */
  outputs: string[];
  /** SHA-256 over the columns, the dtype, the window and the outputs; `ready` gives it back. */
  schema: string;
  /** The script's file; for Java its class path. */
  entry: string;
  /** Java only. */
  class?: string;
  /** Paths by the names that the script may ask for. */
  files: Record<string, string>;
  settings: Record<string, unknown>;
  caps: { memoryMb?: number };
}

/** A hello with its schema's digest. */
export function helloOf(more: Omit<Hello, 'protocol' | 'schema'>): Hello {
  const { columns, dtype, window = null, outputs } = more;
  const text = JSON.stringify([columns.map(({ name, dtype: of }) => [name, of]), dtype, window, outputs]);
  return {
    protocol: PROTOCOL,
    schema: `sha256:${createHash('sha256').update(text).digest('hex')}`,
    ...more,
  };
}

export interface Ready {
  protocol: number;
  language: string;
  /** Of the interpreter. */
  version: string;
  schema: string;
  memoryBytes?: number;
}

/** Of a batch; absent altogether when it has neither texts nor steps. */
export interface BatchHeader {
  rows: number;
  /** Texts by the position of their column, a value a row. */
  strings?: Record<string, (string | null)[]>;
  steps?: number;
}

export interface ResultHeader {
  rows: number;
  /** What the body holds: 1 number of a row, or a vector of `width`. */
  fields: { name: string; width: number }[];
  /** Texts, truths and mixed values, a value a row. */
  values: Record<string, unknown[]>;
}
