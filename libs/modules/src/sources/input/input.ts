/**
 * A file in place of a source, for the command line and test runs of the director: CSV, or JSON lines when the first
 * character is a brace; gzip too. A name that ends in .journal is a recording, for a source.mqtt.
 *
 * Guarantee: time is `t` in epoch milliseconds and `t_arrival`, where there is one, when the row arrived, unless
 * the source that it replaces is a source.csv, whose settings of times, columns and fields then apply. It is read
 * from its beginning, at full speed unless told.
 */
import { Schema, type Batch, type Create, type ModuleContext } from '@millrace/engine';
import { Failure } from '@millrace/schemas';
import { kind as csvKind } from '../csv/kind.js';
import { CsvRows, type CsvSettings } from '../csv/rows.js';
import { replaySource, type Rows } from '../csv/replay.js';
import type { Outcome } from '../csv/cells.js';
import { kind as mqttKind, type MqttSourceSettings } from '../mqtt/kind.js';
import { recordedMqtt } from '../mqtt/recorded.js';
import { JsonRows } from './json.js';

const RECORDING = '.journal';

export interface InputOptions {
  /** How a person calls the file; its path when absent. */
  name?: string;
  /** Times as fast as it was recorded; as fast as it goes when absent. */
  speed?: number;
}

const PLAIN: CsvSettings = {
  timestamp: { column: 't', format: 'epochMs' },
  arrival: { column: 't_arrival', format: 'epochMs', optional: true },
  delimiter: ',',
};

/**
 * @param file absolute path
 * @param replaced settings of the source that is replaced, as the flow wrote them, when it is a source.csv
 */
export function inputSource(
  file: string,
  replaced?: unknown,
  { name = file, speed = Infinity }: InputOptions = {},
): Create {
  if (file.endsWith(RECORDING)) {
    const recorded = recordedMqtt(file, name);
    return (context: ModuleContext<MqttSourceSettings>) => {
      if (mqttKind.settings.safeParse(context.settings).success) return recorded(context);
      throw new Failure(
        'engine.file-unfit',
        `${context.id}: ${name} is a recording, which stands in for a source.mqtt alone.`,
      );
    };
  }
  return (context) => {
    const schema = new Schema();
    const parsed = replaced === undefined ? undefined : csvKind.settings.parse(replaced);
    const settings: CsvSettings = parsed ?? PLAIN;
    const rows = new EitherRows(
      () => new JsonRows(schema, settings, (reason) => context.drop(reason)),
      () => new CsvRows(schema, settings, name),
    );
    return replaySource(
      context,
      schema,
      rows,
      { speed, scale: false, rebase: false, loop: false },
      name,
      () => file,
    );
  };
}

/** Chooses the format at the first bytes. */
class EitherRows implements Rows {
  private chosen: Rows | undefined;

  constructor(
    private readonly json: () => Rows,
    private readonly csv: () => Rows,
  ) {}

  get next(): number {
    return this.chosen!.next;
  }
  get lines(): number {
    return this.chosen!.lines;
  }
  get problem(): string {
    return this.chosen!.problem;
  }

  scan(bytes: Buffer, from: number, end: number, last: boolean): Outcome {
    this.chosen ??= /^\s*\{/.test(bytes.toString('utf8', from, Math.min(end, from + 64)))
      ? this.json()
      : this.csv();
    return this.chosen.scan(bytes, from, end, last);
  }

  header(bytes: Buffer, outcome: Outcome): boolean {
    return this.chosen!.header(bytes, outcome);
  }
  time(bytes: Buffer): number {
    return this.chosen!.time(bytes);
  }
  arrival(): number {
    return this.chosen!.arrival();
  }
  begin(batch: Batch): void {
    this.chosen?.begin(batch);
  }
  write(bytes: Buffer, batch: Batch, row: number): void {
    this.chosen!.write(bytes, batch, row);
  }
}
