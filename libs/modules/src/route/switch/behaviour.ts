/**
 * Behaviour of `route.switch`: marks the rows of each port, then sends a fork of the batch with these rows.
 * A batch of which all goes one way is sent as it is.
 */
import type { Batch, Behaviour, Create, Input, ModuleContext } from '@millrace/engine';
import { Condition } from '../condition.js';
import { CASE_PORTS, OTHERWISE, type SwitchSettings } from './kind.js';

class Switch implements Behaviour {
  private readonly cases: Condition[];
  private readonly otherwise = CASE_PORTS.length;
  /** A mark a row for each case, and for `otherwise` behind them. */
  private marks: Uint8Array[] = [];
  private readonly counts: number[];
  private readonly first: boolean;

  constructor(private readonly context: ModuleContext<SwitchSettings>) {
    this.cases = context.settings.cases.map((source) => new Condition(source));
    this.counts = Array.from({ length: this.cases.length + 1 }, () => 0);
    this.first = context.settings.match === 'first';
  }

  bind(inputs: readonly Input[]): void {
    for (const condition of this.cases) condition.bind(inputs);
  }

  process(batch: Batch, input: number): void {
    const { cases, counts, context } = this;
    this.mark(batch, input);
    const marks = this.marks;
    let ways = 0;
    for (let way = 0; way <= cases.length; way++) {
      if (counts[way] === 0) continue;
      ways++;
      context.count(way === cases.length ? OTHERWISE : CASE_PORTS[way], counts[way]);
    }
    if (batch.gaps === null && ways === 1 && this.first) {
      const way = counts.findIndex((n) => n > 0);
      context.emit(batch, this.portOf(way));
      return;
    }
    for (let way = 0; way <= cases.length; way++) {
      if (counts[way] === 0 && batch.gaps === null) continue;
      // Whoever is below may send through here again only after this call, so the marks stay.
      const part = batch.fork();
      part.retain(marks[way]);
      context.emit(part, this.portOf(way));
    }
    if (batch.gaps === null) return;
    for (let port = cases.length; port < this.otherwise; port++) {
      const none = batch.fork();
      none.retain(new Uint8Array(batch.n));
      context.emit(none, port);
    }
  }

  private portOf(way: number): number {
    return way === this.cases.length ? this.otherwise : way;
  }

  private mark(batch: Batch, input: number): void {
    const { cases, counts, first } = this;
    if (this.marks.length === 0 || this.marks[0].length < batch.n) {
      this.marks = counts.map(() => new Uint8Array(Math.max(256, batch.n)));
    }
    const { marks } = this;
    for (const condition of cases) condition.begin(batch, input);
    counts.fill(0);
    for (const mark of marks) mark.fill(0);
    for (let row = 0; row < batch.n; row++) {
      let met = false;
      for (let i = 0; i < cases.length; i++) {
        if (cases[i].holds(row) !== true) continue;
        met = true;
        marks[i][row] = 1;
        counts[i]++;
        if (first) break;
      }
      if (met) continue;
      marks[cases.length][row] = 1;
      counts[cases.length]++;
    }
  }
}

export const create: Create<SwitchSettings> = (context) => new Switch(context);
