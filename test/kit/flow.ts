/**
 * Runs modules over records in this process: the engine and the behaviours are the real ones, only where the
 * records come from and go to is the test's. A feed may be cut into batches of any size and, with `cutAfter`,
 * the run may be killed and restored in the middle, since both must give the same rows and counts.
 */
import { deserialize, serialize } from 'node:v8';
import { catalogueOf, defineKind, type ModuleKind } from '@millrace/flow';
import {
  Batch,
  eachRecord,
  FlowRun,
  gapRecord,
  RecordReader,
  Schema,
  toRecord,
  type Behaviours,
  type Create,
  type Host,
  type PlainRecord,
  type Snapshot,
} from '@millrace/engine';
import { kinds, behaviours } from '@millrace/modules';
import type { FlowDocument, FlowModule, ModuleCounters } from '@millrace/schemas';
import { z } from 'zod';

export interface FlowTest {
  modules: Record<string, FlowModule>;
  /**
   * Records by the id of a source that is made for them; `t` in epoch milliseconds. A record `{gap: {from, to,
   * rows}, key?}` is a hole before the next one.
   */
  feed: Record<string, PlainRecord[]>;
  /** `module` or `module.port`, whose records are wanted. */
  collect: string[];
  /** Rows a batch of the feed. */
  batchRows?: number;
  /** After so many rows of all feeds the run is dropped and a new one goes on from its snapshot; again and again. */
  cutAfter?: number | number[];
  host?: Partial<Host>;
  /** Called with each run before it starts. */
  look?(run: FlowRun): void;
}

export interface FlowResult {
  /** What left each collected port, in order; holes as `{gap: {...}}`. */
  records: Record<string, PlainRecord[]>;
  counters: Record<string, ModuleCounters>;
}

export async function runRecords(test: FlowTest): Promise<FlowResult> {
  const records: Record<string, PlainRecord[]> = Object.fromEntries(test.collect.map((id) => [id, []]));
  let counters: FlowResult['counters'] = {};
  let snapshot: Snapshot | undefined;
  for (const rows of [...[test.cutAfter ?? []].flat(), Infinity]) {
    const once = await runOnce(test, records, rows, snapshot);
    counters = sumOf(counters, once.counters);
    // Through the serializer, as on a node: what cannot be written to disk must not pass.
    snapshot = once.snapshot && (deserialize(serialize(once.snapshot)) as Snapshot);
  }
  return { records, counters };
}

/** What runs after one another have counted. */
function sumOf(first: FlowResult['counters'], second: FlowResult['counters']): FlowResult['counters'] {
  const sum = (a: Record<string, number>, b: Record<string, number>) => {
    const all = { ...a };
    for (const [name, n] of Object.entries(b)) all[name] = (all[name] ?? 0) + n;
    return all;
  };
  return Object.fromEntries(
    Object.entries(second).map(([id, after]) => {
      const before = first[id];
      if (before === undefined) return [id, after];
      return [
        id,
        {
          ...after,
          in: before.in + after.in,
          out: before.out + after.out,
          bytes: before.bytes + after.bytes,
          errors: before.errors + after.errors,
          dropped: sum(before.dropped, after.dropped),
          counted: sum(before.counted, after.counted),
          lastError: after.lastError ?? before.lastError,
        },
      ];
    }),
  );
}

async function runOnce(
  test: FlowTest,
  records: Record<string, PlainRecord[]>,
  rows: number,
  snapshot?: Snapshot,
) {
  let left = rows;
  /** Of the moment of the cut: what leaves after it leaves a process that is dead. */
  let atCut: { snapshot: Snapshot; counters: Record<string, ModuleCounters> } | undefined;
  const made = new Map<string, Create>();
  const modules: Record<string, FlowModule> = { ...test.modules };
  const kindsHere: ModuleKind[] = [...kinds.values()];
  for (const [id, feed] of Object.entries(test.feed)) {
    kindsHere.push(feedKind(`source.${id.toLowerCase()}feed`));
    made.set(
      `source.${id.toLowerCase()}feed`,
      feedFrom(feed, test.batchRows ?? 256, () => left-- > 0),
    );
    modules[id] = { type: `source.${id.toLowerCase()}feed` };
  }
  test.collect.forEach((wire, i) => {
    kindsHere.push(collectKind(`sink.collect${i}`));
    made.set(`sink.collect${i}`, () => ({
      process(batch: Batch) {
        if (atCut !== undefined) return;
        eachRecord(
          batch,
          (row) => records[wire].push(toRecord(batch, row)),
          (gap) => records[wire].push(gapRecord(gap)),
        );
      },
    }));
    modules[`collect${i}`] = { type: `sink.collect${i}`, from: [wire] };
  });
  const document: FlowDocument = {
    apiVersion: 'millrace/v1',
    kind: 'Flow',
    metadata: { name: 'test' },
    modules,
  };
  const run = new FlowRun({
    document,
    kinds: catalogueOf(kindsHere),
    behaviours: new Map([...behaviours, ...made]) as Behaviours,
    host: { ...noHost, ...test.host },
  });
  test.look?.(run);
  if (rows !== Infinity) {
    // The feeds fall silent at the cut; the snapshot is taken before the end of the stream is told.
    const ended = new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (left >= 0) return;
        clearInterval(timer);
        atCut = { snapshot: run.snapshot(), counters: run.counters() };
        resolve();
      }, 1);
    });
    await run.start(snapshot);
    await ended;
    await run.stop();
  } else {
    await run.start(snapshot);
    await run.finished;
  }
  return atCut ?? { snapshot: undefined, counters: run.counters() };
}

const feedKind = (type: string) =>
  defineKind({
    type,
    category: 'source',
    title: 'Records of a test',
    summary: 'Records of a test',
    docs: 'Records of a test.',
    settings: z.object({}),
    inputs: 'none',
    outputs: ['out'],
    sharing: 'shared',
    example: { settings: {} },
  });

const collectKind = (type: string) =>
  defineKind({
    type,
    category: 'sink',
    title: 'What a test looks at',
    summary: 'What a test looks at',
    docs: 'What a test looks at.',
    settings: z.object({}),
    inputs: 'many',
    outputs: [],
    example: { settings: {} },
  });

function feedFrom(feed: PlainRecord[], batchRows: number, mayGoOn: () => boolean): Create {
  return () => {
    const schema = new Schema();
    const reader = new RecordReader(schema);
    const batch = new Batch(schema, batchRows);
    let read = 0;
    let position = 0;
    let fallSilent = (_end: null) => {};
    const silence = new Promise<null>((resolve) => (fallSilent = resolve));
    return {
      bind: () => [[schema]],
      stop: async () => fallSilent(null),
      save: () => position,
      load(state) {
        read = position = state as number;
      },
      replay: {
        speed: Infinity,
        live: false,
        async read() {
          batch.reset();
          while (batch.n < batchRows && read < feed.length) {
            if (!mayGoOn()) {
              if (batch.n > 0) break;
              return silence;
            }
            for (; isGap(feed[read]); read++) pushGap(batch, feed[read]);
            if (read === feed.length) break;
            const { t, ...fields } = feed[read++];
            reader.append(batch, t as number, fields);
          }
          return batch.n > 0 || batch.gaps !== null ? batch : null;
        },
        delivered(rows) {
          for (; rows > 0; position++) if (!isGap(feed[position])) rows--;
        },
      },
    };
  };
}

const isGap = (record: PlainRecord | undefined) => record !== undefined && 'gap' in record;

function pushGap(batch: Batch, record: PlainRecord): void {
  const { from, to, rows } = record.gap as Record<'from' | 'to' | 'rows', number>;
  const key = 'key' in record ? { key: record.key as string | number } : {};
  (batch.gaps ??= []).push({ row: batch.n, from, to, rows, ...key });
}

const unavailable = () => {
  throw new Error('this test gave its flow no files');
};
const noHost: Host = {
  path: unavailable,
  resource: unavailable,
  workFolder: '/nonexistent',
  flow: { name: 'test', version: null },
};
