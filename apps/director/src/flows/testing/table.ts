/**
 * The table that a test run was asked to make: its rows are collected, and written when the run has come to its end.
 *
 * Guarantee: the disk holds at most SPOOL_BYTES of rows; beyond that the run fails and says so.
 */
import { statSync } from 'node:fs';
import { collected, LineFile, Rows, saidOf, writeTable } from '@millrace/dataset';
import type { Batch, Create, FlowRun } from '@millrace/engine';
import { Failure } from '@millrace/schemas';
import type { TableOrder } from './ipc.js';

const SPOOL_BYTES = 2 * 1024 ** 3;
/** Rows between two looks at the disk. */
const LOOK_ROWS = 10_000;

export interface Table {
  instead: ReadonlyMap<string, Create>;
  listen(run: FlowRun): void;
  /** Gives a sentence on what was written. */
  write(): Promise<string>;
}

export function tableOf({ part, keep, format, path }: TableOrder): Table {
  const spool = `${path}.rows`;
  const lines = new LineFile(spool);
  const rows = new Rows(lines, { ...part, keep });
  let looked = 0;
  const take = (batch: Batch): void => {
    rows.take(batch);
    if (rows.count - looked < LOOK_ROWS) return;
    looked = rows.count;
    if (statSync(spool).size > SPOOL_BYTES)
      throw new Failure(
        'flows.not-prepared',
        `More than ${SPOOL_BYTES} bytes of rows: the director prepares no more at a time. Give shorter files.`,
      );
  };
  return {
    ...collected(part, take),
    async write() {
      lines.close();
      await writeTable(format, spool, rows, path);
      return saidOf(rows);
    },
  };
}
