/**
 * Watches what a case expects something of, while it runs, and says afterwards what is otherwise.
 *
 * Guarantee: of a stream no more records are kept than are expected, and one; the others are counted.
 */
import {
  eachRecord,
  gapRecord,
  toRecord,
  type Batch,
  type Create,
  type FlowRun,
  type PlainRecord,
} from '@millrace/engine';
import { ERROR_PORT, watchedAt } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import type { Expectation, FlowDocument, ModuleCounters } from '@millrace/schemas';
import { differences, TOLERANCE, type Difference } from './match.js';

export class Watch {
  readonly module: string;
  /** Null: what reaches the module. */
  private readonly port: string | null;
  private readonly wanted: Exclude<Expectation, unknown[]>;
  private readonly kept: PlainRecord[] = [];
  private readonly most: number;
  private count = 0;

  constructor(
    readonly name: string,
    private readonly expectation: Expectation,
    document: FlowDocument,
  ) {
    const { module, port } = watchedAt(name, document, kinds);
    this.module = module;
    this.port = port;
    this.wanted = Array.isArray(expectation) ? { records: expectation } : expectation;
    this.most = (this.wanted.records?.length ?? 0) + 1;
  }

  /** Where it looks at what leaves. */
  attach(run: FlowRun): void {
    const { port } = this;
    if (port === null) return;
    const outputs = kinds.get(run.units.find(({ id }) => id === this.module)!.type)!.outputs;
    const wanted = port === ERROR_PORT ? outputs.length : outputs.indexOf(port);
    run.tap(this.module, (batch, at) => {
      if (at === wanted) this.see(batch);
    });
  }

  /** The same module, with a look at what reaches it where that is watched. */
  around(create: Create): Create {
    if (this.port !== null) return create;
    return (context) => {
      const behaviour = create(context);
      const process = behaviour.process!.bind(behaviour);
      behaviour.process = (batch, input) => {
        this.see(batch);
        process(batch, input);
      };
      return behaviour;
    };
  }

  differences(counters: ModuleCounters, tolerance = TOLERANCE): Difference[] {
    const { wanted, kept, count } = this;
    const { records, exactly = false } = wanted;
    const found: Difference[] = [];
    if (records !== undefined) {
      const rules = { exactly, tolerance: wanted.tolerance ?? tolerance };
      const below = Array.isArray(this.expectation) ? [] : ['records'];
      for (const one of differences(records, kept, count, rules))
        found.push({ ...one, path: [...below, ...one.path] });
    }
    const amount = wanted.none === true ? 0 : wanted.count;
    if (amount !== undefined && amount !== count) {
      const got = count === 1 ? '1 record' : `${count} records`;
      const first = kept[0] === undefined ? '' : `, the first ${JSON.stringify(kept[0])}`;
      found.push({
        expected: amount === 0 ? 'none' : `${amount}`,
        got: got + first,
        path: [wanted.none ? 'none' : 'count'],
      });
    }
    for (const what of ['dropped', 'counted'] as const) {
      for (const [reason, n] of Object.entries(wanted[what] ?? {})) {
        const got = counters[what][reason] ?? 0;
        if (got === n) continue;
        const others = Object.entries(counters[what])
          .map(([name, times]) => `${name} ${times}`)
          .join(', ');
        found.push({
          field: `${what}.${reason}`,
          expected: `${n}`,
          got: `${got}${others === '' ? '' : ` (${what}: ${others})`}`,
          path: [what, reason],
        });
      }
    }
    return found;
  }

  private see(batch: Batch): void {
    eachRecord(
      batch,
      (row) => this.keep(() => toRecord(batch, row)),
      (gap) => this.keep(() => gapRecord(gap)),
    );
  }

  private keep(record: () => PlainRecord): void {
    if (this.count++ < this.most) this.kept.push(record());
  }
}
