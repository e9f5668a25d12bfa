/**
 * Behaviour of `route.alert`: two bits of state a key (since when the condition holds, whether the alert is
 * raised), and a batch of its own for the few records that leave.
 *
 * What a key has seen of late goes along with its alert, beside the record. It is not saved: after a restart an
 * alert comes with less of it, and with the same record.
 */
import {
  Batch,
  Seen,
  type Behaviour,
  type Create,
  type Input,
  type ModuleContext,
  type State,
} from '@millrace/engine';
import { Keyed, type Key } from '../../keyed.js';
import { Condition } from '../condition.js';
import { templateOf, type Template } from './message.js';
import { Ring, ringSize, signalFields } from './signal.js';

export interface AlertSettings {
  when: string;
  holdMs: number;
  clearWhen?: string;
  severity: string;
  message?: string;
  key?: string;
  maxKeys: number;
  signalMs: number;
}

interface Alarm {
  /** Node's time since which `when` holds; NaN while it does not. */
  since: number;
  raised: boolean;
  ring: Ring | null;
  /** Time of the record that raised it; NaN when that was before a restart. */
  raisedT: number;
}

class Alert implements Behaviour {
  private readonly alarms: Keyed<Alarm>;
  private readonly when: Condition;
  private readonly clearWhen: Condition | null;
  private readonly template: Template;
  private readonly time = new Seen();
  private readonly keyed: boolean;
  private readonly signals: string[];
  /** Of each of them, its place in the fields of the condition. */
  private readonly places: number[];
  private out: { batch: Batch; alert: number; severity: number; message: number; key: number }[] = [];

  constructor(private readonly context: ModuleContext<AlertSettings>) {
    const { settings } = context;
    this.keyed = settings.key !== undefined;
    this.alarms = new Keyed({ keyBy: settings.key, maxKeys: settings.maxKeys }, context, () => ({
      since: NaN,
      raised: false,
      ring: this.newRing(),
      raisedT: NaN,
    }));
    this.when = new Condition(settings.when);
    this.signals = signalFields(this.when.fields);
    this.places = this.signals.map((name) => this.when.fields.indexOf(name));
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
    if (alarm.ring !== null && alarm.ring.wants(batch.t[row])) this.see(alarm.ring, batch.t[row], row);
    if (alarm.raised) {
      const clears = this.clearWhen === null ? not(this.when.holds(row)) : this.clearWhen.holds(row);
      if (clears !== true) return;
      alarm.raised = false;
      alarm.since = NaN;
      this.tell(batch, row, input, 'cleared', key, alarm);
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
    this.tell(batch, row, input, 'raised', key, alarm);
  }

  private newRing(): Ring | null {
    const { signalMs, maxKeys } = this.context.settings;
    const size = ringSize(signalMs, this.keyed ? maxKeys : 1);
    if (this.signals.length === 0 || size === undefined) return null;
    return new Ring(this.signals.length, size.rows, size.stepMs);
  }

  private see(ring: Ring, t: number, row: number): void {
    const at = ring.row(t);
    const { places, when } = this;
    for (let k = 0; k < places.length; k++) ring.values[at + k] = when.numberAt(places[k], row);
  }

  /** Up to this record: from `signalMs` before a raise, or from the raise to the clear. */
  private seen(alarm: Alarm, change: 'raised' | 'cleared', t: number, row: number) {
    const { ring } = alarm;
    if (ring === null) return undefined;
    const from =
      change === 'raised' || Number.isNaN(alarm.raisedT) ? t - this.context.settings.signalMs : alarm.raisedT;
    if (!ring.holds(t)) this.see(ring, t, row);
    alarm.raisedT = change === 'raised' ? t : NaN;
    return ring.signal(this.signals, from, t);
  }

  private now(batch: Batch, row: number): number {
    if (!this.context.live) return this.time.now(batch, row);
    return Number.isNaN(batch.arrival) ? this.context.clock.wall() : batch.arrival;
  }

  private tell(
    batch: Batch,
    row: number,
    input: number,
    change: 'raised' | 'cleared',
    key: Key,
    alarm: Alarm,
  ): void {
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
    const signal = this.seen(alarm, change, batch.t[row], row);
    if (signal !== undefined) (out.signals ??= []).push({ row: at, signal });
    this.context.count(change);
  }

  save(): State {
    return { alarms: this.alarms.save(({ since, raised }) => ({ since, raised })), seen: this.time.max };
  }

  load(state: State): void {
    const { alarms, seen } = state as { alarms: unknown; seen: number };
    this.alarms.load(alarms, ({ since, raised }: Alarm) => ({
      since,
      raised,
      ring: this.newRing(),
      raisedT: NaN,
    }));
    this.time.at(seen);
  }
}

const not = (value: boolean | null): boolean | null => (value === null ? null : !value);

export const create: Create<AlertSettings> = (context) => new Alert(context);
