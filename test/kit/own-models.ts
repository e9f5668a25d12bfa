/**
 * What journeys of models that people bring share: a flow is published and deployed, its results are awaited, and held against what
 * the language itself computed.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FlowDocument } from '@millrace/schemas';
import { until, type Installation } from './millrace.js';

type Row = Record<string, unknown>;
interface Results {
  items: { records: Row[] }[];
  next: string | null;
}

const ARRIVE_MS = 90_000;

/** Its first version. JSON is YAML. */
export async function publish(it: Installation, flow: FlowDocument): Promise<void> {
  const file = join(it.folder, `${flow.metadata.name}.yaml`);
  await writeFile(file, JSON.stringify(flow));
  await it.json('flow', 'publish', file);
}

/** Version 1 of a flow to the one node of a group; says what the node says when it does not succeed. */
export async function deploy(it: Installation, flow: string, group: string, node: string): Promise<void> {
  const { code, stderr } = await it.run('deploy', `${flow}@1`, '--to', group, '--wait');
  if (code === 0) return;
  const why = await it.run('node', 'why', node);
  throw new Error(`${flow} was not deployed:\n${stderr}\n${why.stdout}`);
}

/** The records that a flow of one node sent up, in the order of their time, when all are there. */
export const arriving = (it: Installation, flow: string, count: number): Promise<Row[]> =>
  until(
    `${count} results of ${flow}`,
    async () => {
      const rows = await results(it, flow);
      return rows.length === count && rows.sort((a, b) => (a.t as number) - (b.t as number));
    },
    ARRIVE_MS,
  );

async function results(it: Installation, flow: string): Promise<Row[]> {
  const rows: Row[] = [];
  let query = '?limit=200';
  for (;;) {
    const { body } = await it.call<Results>('GET', `/v1/flows/${flow}/results${query}`);
    rows.push(...body.items.flatMap(({ records }) => records));
    if (body.next === null) return rows;
    query = `?limit=200&cursor=${encodeURIComponent(body.next)}`;
  }
}

/** The largest difference of two numbers of the same row, in parts of the larger where that is over 1. */
export function apart(given: readonly number[], wanted: readonly number[]): number {
  expect(given).toHaveLength(wanted.length);
  return Math.max(...wanted.map((one, i) => Math.abs(given[i]! - one) / Math.max(1, Math.abs(one))));
}
