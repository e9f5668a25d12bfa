/**
 * Behaviour of `route.alert`: two bits of state a key (since when the condition holds, whether the alert is
 * raised), and a batch of its own for the few records that leave.
 */
import {
  Batch,
  NUMBER,
  Seen,
  type Behaviour,
  type Create,
  type Input,
  type ModuleContext,
  type State,
} from '@millrace/engine';
import { compile, type Compiled } from '@millrace/flow';
import { Cursor } from '../../cursor.js';
import { Keyed, type Key } from '../../keyed.js';
import { templateOf, type Template } from './message.js';

export interface AlertSettings {
  when: string;
  holdMs: number;
  clearWhen?: string;
  severity: string;
  message?: string;
  key?: string;
  maxKeys: number;
}

interface Alarm {
  /** Node's time since which `when` holds; NaN while it does not. */
  since: number;
  raised: boolean;
}

/** What an expression says of a record; `null` when the record has none of its fields. */
class Condition {
  private readonly compiled: Compiled;
  private readonly cursors: Cursor[];
  private readonly slots: (number | string | boolean | null | Float64Array | undefined)[];
  private indexes: number[][] = [];
  private batch: Batch | undefined;

  constructor(source: string) {
    this.compiled = compile(source);
    this.cursors = this.compiled.fields.map(() => new Cursor());
    this.slots = this.compiled.fields.map(() => undefined);
  }

  bind(inputs: readonly Input[]): void {
    this.indexes = inputs.map(({ schema }) =>
      this.compiled.fields.map((name) => (name === 't' ? -1 : schema.index(name))),
    );
  }

  begin(batch: Batch, input: number): void {
    this.batch = batch;
    for (let k = 0; k < this.cursors.length; k++) this.cursors[k].open(batch.peek(this.indexes[input][k]));
  }

  holds(row: number): boolean | null {
    const { cursors, slots, compiled } = this;
    let lacks = slots.length > 0;
    for (let k = 0; k < cursors.length; k++) {
      if (compiled.fields[k] === 't') {
        slots[k] = this.batch!.t[row];
        if (slots.length === 1) lacks = false;
        continue;
      }
      const entry = cursors[k].at(row);
      if (entry < 0) {
        slots[k] = undefined;
        continue;
      }
      lacks = false;
      const column = cursors[k].column!;
      slots[k] = column.kind(entry) === NUMBER ? column.values[entry] : column.get(entry);
    }
    return lacks ? null : compiled.test(slots);
  }
}

class Alert implements Behaviour {
  private readonly alarms: Keyed<Alarm>;
  private readonly when: Condition;
  private readonly clearWhen: Condition | null;
  private readonly template: Template;
  private readonly seen = new Seen();
  private readonly keyed: boolean;
  private out: { batch: Batch; alert: number; severity: number; message: number; key: number }[] = [];

  constructor(private readonly context: ModuleContext<AlertSettings>) {
    const { settings } = context;
    this.keyed = settings.key !== undefined;
    this.alarms = new Keyed({ keyBy: settings.key, maxKeys: settings.maxKeys }, context, () => ({
      since: NaN,
      raised: false,
    }));
    this.when = new Condition(settings.when);
    this.clearWhen = settings.clearWhen === undefined ? null : new Condition(settings.clearWhen);
    this.template = templateOf(settings.message ?? settings.when.replaceAll(/[{}]/g, ''));
  }

  bind(inputs: readonly Input[]): void {
    this.alarms.bind(inputs);
    this.when.bind(inputs);
    this.clearWhen?.bind(inputs);
    this.out = inputs.map(({ schema }) => ({
      batch: new Batch(schema, 16),
      alert: schema.index('alert'),
      severity: schema.index('severity'),
      message: schema.index('message'),
      key: this.keyed ? schema.index('key') : -1,
    }));
  }

  process(batch: Batch, input: number): void {
    const { batch: out } = this.out[input];
    this.alarms.begin(batch, input);
    this.when.begin(batch, input);
    this.clearWhen?.begin(batch, input);
    let row = 0;
    for (const gap of batch.gaps ?? []) {
      for (; row < gap.row; row++) this.look(batch, row, input);
      for (const alarm of this.alarms.touched(gap)) alarm.since = NaN;
    }
    for (; row < batch.n; row++) this.look(batch, row, input);
    if (out.n === 0) return;
    out.gaps = null;
    this.context.emit(out);
    out.reset();
  }

  private look(batch: Batch, row: number, input: number): void {
    const now = this.now(batch, row);
    const key = this.alarms.keyAt(row);
    if (key === undefined) {
      this.context.count('no-key');
      return;
    }
    const alarm = this.alarms.get(key);
    if (alarm.raised) {
      const clears = this.clearWhen === null ? not(this.when.holds(row)) : this.clearWhen.holds(row);
      if (clears !== true) return;
      alarm.raised = false;
      alarm.since = NaN;
      this.tell(batch, row, input, 'cleared', key);
      return;
    }
    const holds = this.when.holds(row);
    if (holds === null) return;
    if (!holds) {
      alarm.since = NaN;
      return;
    }
    if (Number.isNaN(alarm.since)) alarm.since = now;
    if (now - alarm.since < this.context.settings.holdMs) return;
    alarm.raised = true;
    this.tell(batch, row, input, 'raised', key);
  }

  private now(batch: Batch, row: number): number {
    if (!this.context.live) return this.seen.at(batch.t[row]);
    return Number.isNaN(batch.arrival) ? this.context.clock.wall() : batch.arrival;
  }

  private tell(batch: Batch, row: number, input: number, change: 'raised' | 'cleared', key: Key): void {
    const { batch: out, alert, severity, message, key: keyIndex } = this.out[input];
    const at = out.n;
    out.append(batch, row, row + 1);
    const put = (index: number, value: Key) => {
      if (index < 0) return;
      const column = out.column(index);
      // The record may have a field of the name; the alert's own stands in its place.
      if (column.count > 0 && column.rows[column.count - 1] === at) column.put(column.count - 1, value);
      else column.push(at, value);
    };
    put(alert, change);
    put(severity, this.context.settings.severity);
    put(
      message,
      this.template.fill((field) => {
        if (field === 't') return new Date(batch.t[row]).toISOString();
        if (field === 'key' && this.keyed) return key;
        return batch.value(row, batch.schema.find(field));
      }),
    );
    put(keyIndex, key);
    this.context.count(change);
  }

  save(): State {
    return { alarms: this.alarms.save((alarm) => ({ ...alarm })), seen: this.seen.max };
  }

  load(state: State): void {
    const { alarms, seen } = state as { alarms: unknown; seen: number };
    this.alarms.load(alarms, (alarm: Alarm) => ({ ...alarm }));
    this.seen.at(seen);
  }
}

const not = (value: boolean | null): boolean | null => (value === null ? null : !value);

export const create: Create<AlertSettings> = (context) => new Alert(context);
