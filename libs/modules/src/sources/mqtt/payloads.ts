/**
 * Payloads to records, several at a time.
 *
 * Guarantee: every payload gives its records or one counted reason with its topic; a bad one costs its
 * neighbours nothing. JSON messages that wait together are parsed in one call, since that costs half.
 */
import { randomBytes } from 'node:crypto';
import { RecordReader, type Batch, type Schema } from '@millrace/engine';
import { Cells, ROW } from '../csv/cells.js';
import { fieldsByName } from '../csv/fields.js';
import { stampReader, stampUnit, type StampFormat, type StampReader } from '../stamp.js';
import type { PayloadSettings } from '../payload-settings.js';
import { topicReader, type TopicParts } from './topic.js';

export interface Arrived {
  topic: string;
  payload: Uint8Array;
  /** Epoch ms. */
  at: number;
}

type Plain = Record<string, unknown>;
type Bad = (reason: string, detail: string) => void;

const FORMATS: Record<NonNullable<PayloadSettings['timestamp']>['unit'], StampFormat> = {
  ms: 'epochMs',
  s: 'epochS',
  us: 'epochUs',
  ns: 'epochNs',
  iso: 'iso',
};

export class Payloads {
  private readonly parts: (topic: string) => TopicParts | null;
  private readonly reader: RecordReader;
  private readonly stamp: StampReader | undefined;
  /** For times that come as a number. */
  private readonly unit: ((value: number) => number) | null;
  private readonly time: string[];
  private readonly fields: { field: string; path: string[] }[] | null;
  private readonly cells = new Cells(0x2c);
  /** Stands between messages that are parsed together, so that half a message cannot borrow the next one's half. */
  private readonly mark = `"${randomBytes(9).toString('base64')}"`;
  private topic = '';

  constructor(
    schema: Schema,
    private readonly settings: PayloadSettings,
    private readonly onBad: Bad,
    onRefused: (reason: string) => void,
    /** How a person calls where it came from. */
    private readonly what: (topic: string) => string = (topic) => `a message on ${topic}`,
  ) {
    const { timestamp, fields, topicFields } = settings;
    this.parts = topicReader(topicFields);
    this.reader = new RecordReader(schema, onRefused);
    this.stamp = timestamp && stampReader({ format: FORMATS[timestamp.unit] });
    this.unit = timestamp === undefined ? null : stampUnit({ format: FORMATS[timestamp.unit] });
    this.time = timestamp?.path.split('.') ?? [];
    const named = fieldsByName(fields);
    this.fields = named && [...named].map(([path, field]) => ({ field, path: path.split('.') }));
  }

  /** Appends the records of the messages to a batch. */
  read(messages: readonly Arrived[], batch: Batch): void {
    const { format } = this.settings;
    if (format === 'json') this.readJson(messages, batch);
    else for (const message of messages) this.readText(message, batch, format);
  }

  private readJson(messages: readonly Arrived[], batch: Batch): void {
    const texts = messages.map(({ payload }) =>
      Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString(),
    );
    const together = messages.length > 1 ? this.parseTogether(texts) : null;
    messages.forEach((message, i) => {
      this.topic = message.topic;
      let value: unknown;
      if (together !== null) value = together[i * 2];
      else {
        try {
          value = JSON.parse(texts[i]);
        } catch (error) {
          this.bad('json', `it is no JSON: ${error instanceof Error ? error.message : String(error)}`);
          return;
        }
      }
      if (Array.isArray(value)) for (const one of value) this.take(one, message, batch);
      else this.take(value, message, batch);
    });
  }

  private parseTogether(texts: readonly string[]): unknown[] | null {
    try {
      const all = JSON.parse(`[${texts.join(`,${this.mark},`)}]`) as unknown[];
      const mark = this.mark.slice(1, -1);
      const whole = all.length === texts.length * 2 - 1 && all.every((one, i) => i % 2 === 0 || one === mark);
      return whole ? all : null;
    } catch {
      return null;
    }
  }

  private readText(message: Arrived, batch: Batch, format: 'csv' | 'raw'): void {
    const bytes = Buffer.from(message.payload.buffer, message.payload.byteOffset, message.payload.byteLength);
    this.topic = message.topic;
    if (format === 'raw') {
      this.take(valueOf(bytes.toString()), message, batch);
      return;
    }
    const { cells } = this;
    const columns = this.settings.columns ?? [];
    for (let at = 0; at < bytes.length; at = cells.next) {
      const outcome = cells.scan(bytes, at, bytes.length, true);
      if (outcome === ROW && cells.count === columns.length) {
        const record: Plain = {};
        for (let i = 0; i < columns.length; i++) {
          const text = bytes.toString('utf8', cells.starts[i], Math.max(cells.starts[i], cells.ends[i]));
          const value = valueOf(cells.quoted[i] === 2 ? text.replaceAll('""', '"') : text);
          if (value !== '' && columns[i] !== '') record[columns[i]] = value;
        }
        this.take(record, message, batch);
      } else if (outcome === ROW) this.bad('columns', `${cells.count} cells instead of ${columns.length}`);
      else if (cells.problem !== '' && outcome !== 2) this.bad('columns', cells.problem);
    }
  }

  /** One record, or one value. */
  private take(value: unknown, { topic, at }: Arrived, batch: Batch): void {
    const parts = this.parts(topic);
    if (parts === null) {
      this.bad('topic', `it is not of the form ${this.settings.topicFields}`);
      return;
    }
    const plain =
      typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Plain) : null;
    if (plain === null && (typeof value === 'object' || value === undefined)) {
      this.bad('json', 'it is neither an object nor a value');
      return;
    }
    const t = this.stamp === undefined ? at : this.timeOf(plain);
    if (t !== t) {
      this.bad('time', `its ${this.time.join('.')} is no time in ${this.settings.timestamp!.unit}`);
      return;
    }
    if (plain !== null && parts.tag !== undefined && !('value' in plain)) {
      this.bad('no-value', 'the topic names a field, and the message has no value for it');
      return;
    }
    const record =
      plain === null ? { value } : this.fields === null ? plain : this.chosen(plain, this.fields);
    const skip = plain !== null && this.fields === null && this.time.length === 1 ? this.time[0] : undefined;
    this.reader.append(batch, t, named(record, parts), skip);
  }

  private timeOf(record: Plain | null): number {
    const value = record === null ? undefined : at(record, this.time);
    if (typeof value === 'number' && this.unit !== null) return this.unit(value);
    return typeof value === 'number' || typeof value === 'string' ? this.stamp!(String(value)) : NaN;
  }

  private chosen(record: Plain, fields: readonly { field: string; path: string[] }[]): Plain {
    const chosen: Plain = {};
    for (const { field, path } of fields) {
      const value = at(record, path);
      if (value !== undefined) chosen[field] = value;
    }
    return chosen;
  }

  private bad(reason: string, detail: string): void {
    this.onBad(reason, `${this.what(this.topic)}: ${detail}`);
  }
}

/** With the fields of the topic, and `value` under the name that the topic gives it. */
function named(record: Plain, { tag, fields }: TopicParts): Plain {
  if (tag === undefined) return Object.keys(fields).length === 0 ? record : { ...record, ...fields };
  const { value, ...rest } = record;
  return { ...rest, ...fields, ...(value === undefined ? {} : { [tag]: value }) };
}

function at(record: Plain, path: readonly string[]): unknown {
  let value: unknown = record;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Plain)[name];
  }
  return value;
}

function valueOf(text: string): string | number {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  const number = Number(trimmed);
  return number === number || trimmed.toLowerCase() === 'nan' ? number : trimmed;
}
