/**
 * A file of records as a source that the engine reads at will: CSV or JSON lines, each behind `Rows`.
 *
 * Guarantee: rows come in the file's own order; what is saved is the position behind the last delivered row,
 * so a restored run goes on with exactly the next; a broken line is counted with its number and leaves
 * nothing half done. It sorts nothing and paces nothing: the engine does.
 */
import { Batch, BATCH_ROWS, Schema, type ModuleContext, type Replay, type Source } from '@millrace/engine';
import { FileBytes, MAX_LINE } from './bytes.js';
import { BLANK, BROKEN, MORE, ROW, type Outcome } from './cells.js';
import { originOf } from './origin.js';
import { Round, type RoundState } from './round.js';

/** What a format must do: find a row in bytes, read its time, write its fields. */
export interface Rows {
  scan(bytes: Buffer, from: number, end: number, last: boolean): Outcome;
  /** Of the last scan: where the next row begins, line breaks before it, and what is wrong. */
  readonly next: number;
  readonly lines: number;
  readonly problem: string;
  /** The first row of the file: true when it names the columns. Throws a Failure when they cannot serve. */
  header(bytes: Buffer, outcome: Outcome): boolean;
  /** Milliseconds of the scanned row; NaN, with the reason in `problem`, when the row is broken. */
  time(bytes: Buffer): number;
  /** Recorded arrival of the scanned row, epoch ms; NaN where there is none. Asked after its time. */
  arrival(): number;
  /** The batch was emptied. */
  begin(batch: Batch): void;
  write(bytes: Buffer, batch: Batch, row: number): void;
}

export interface ReplaySettings {
  speed: number;
  /** Times are divided by the speed, so that they go by as fast as the rows do. */
  scale: boolean;
  rebase: boolean;
  loop: boolean;
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

interface Position {
  /** Bytes of the unpacked file, and lines, that lie behind. */
  offset: number;
  line: number;
  /** What the rounds so far have added to the file's own times, and what rebasing has. Milliseconds. */
  added: number;
  shift: number;
  round: RoundState;
}

/** @param name how a person calls the file; `path` is asked for when the flow starts. */
export function replaySource(
  context: ModuleContext<unknown>,
  schema: Schema,
  rows: Rows,
  settings: ReplaySettings,
  name: string,
  path: () => string,
): Source {
  const replay = new FileReplay(context, schema, rows, settings, name, path);
  return {
    replay,
    // What is rebased gets other times when it is read again.
    repeats: !settings.rebase,
    bind: () => [[schema], [replay.errors]],
    save: () => replay.save(),
    load: (state) => replay.load(state as Position),
    close: () => replay.close(),
  };
}

class FileReplay implements Replay {
  readonly speed: number;
  readonly live: boolean;
  /** Broken lines, for `onError: port`. */
  readonly errors = new Schema(['file', 'line', 'problem']);
  private readonly factor: number;
  private readonly batch: Batch;
  private readonly round = new Round();
  private file: FileBytes | null = null;
  /** Of the rows of the last batch: where they end, and their own times. */
  private readonly offsets = new Float64Array(BATCH_ROWS);
  private readonly ends = new Float64Array(BATCH_ROWS);
  private readonly times = new Float64Array(BATCH_ROWS);
  private at = 0;
  private offset = 0;
  private line = 0;
  private readLine = 0;
  private added = 0;
  private shift: number;
  private resuming = false;
  private firstRound = true;

  constructor(
    private readonly context: ModuleContext<unknown>,
    schema: Schema,
    private readonly rows: Rows,
    private readonly settings: ReplaySettings,
    private readonly name: string,
    private readonly path: () => string,
  ) {
    this.batch = new Batch(schema);
    this.factor = settings.scale ? settings.speed : 1;
    this.speed = settings.speed / this.factor;
    this.live = settings.rebase && this.speed === 1;
    this.shift = settings.rebase ? NaN : 0;
  }

  async read(): Promise<Batch | null> {
    const { batch } = this;
    batch.reset();
    batch.arrival = NaN;
    this.rows.begin(batch);
    this.at = 0;
    this.file ??= await this.open();
    for (;;) {
      if (this.fill(this.file) || batch.n === BATCH_ROWS) break;
      if (!this.file.last) await this.file.more();
      else if (batch.n > 0) break;
      else if (this.settings.loop && this.round.rows > 0) await this.again();
      else return null;
    }
    return batch;
  }

  delivered(count: number): void {
    if (count === 0) return;
    if (this.firstRound) for (let i = this.at; i < this.at + count; i++) this.round.add(this.times[i]);
    this.at += count;
    this.offset = this.offsets[this.at - 1];
    this.line = this.ends[this.at - 1];
  }

  save(): Position {
    const { offset, line, added, shift } = this;
    return { offset, line, added, shift, round: this.round.save() };
  }

  load(state: Position): void {
    Object.assign(this, { offset: state.offset, line: state.line, added: state.added });
    this.firstRound = state.added === 0;
    this.round.load(state.round);
    this.resuming = true;
    if (this.settings.rebase && Number.isFinite(state.shift))
      originOf(this.context.gate).resumed(state.shift);
  }

  async close(): Promise<void> {
    await this.file?.close();
    this.file = null;
  }

  /** Takes rows from the bytes that are there. True: the next has arrived at another time, and begins a batch. */
  private fill(file: FileBytes): boolean {
    const { rows, batch } = this;
    const began = file.position;
    let other = false;
    while (batch.n < BATCH_ROWS && file.pos < file.end) {
      const { bytes } = file;
      let outcome = rows.scan(bytes, file.pos, file.end, file.last);
      let problem = '';
      let lines = rows.lines;
      let next = rows.next;
      if (outcome === MORE) {
        if (file.end - file.pos < MAX_LINE) break;
        // Either an open quote, which costs its line, or a line without an end, of which this much is taken.
        const feed = bytes.indexOf(0x0a, file.pos);
        outcome = BROKEN;
        next = feed >= 0 && feed < file.end ? feed + 1 : file.end;
        lines = next === file.end ? 0 : 1;
        problem = 'the row is longer than 1 MiB, or a quote is opened and not closed';
      } else if (outcome === BROKEN) problem = rows.problem;
      const number = this.readLine + 1;
      if (outcome === ROW) {
        const t = rows.time(bytes);
        const arrival = t === t ? rows.arrival() : NaN;
        other = t === t && batch.n > 0 && !Object.is(arrival, batch.arrival);
        if (other) break;
        if (t === t) batch.arrival = arrival;
        if (t === t) this.take(file, t, next, this.readLine + lines);
        else problem = rows.problem;
      }
      file.pos = next;
      this.readLine += lines;
      if (problem !== '') this.refuse(number, problem);
    }
    this.context.bytes(file.position - began);
    return other;
  }

  private take(file: FileBytes, t: number, next: number, line: number): void {
    const { batch } = this;
    const own = (t + this.added) / this.factor;
    if (this.shift !== this.shift) {
      this.shift = originOf(this.context.gate).shift(own, this.context.clock.wall());
    }
    const row = batch.row(own + this.shift);
    this.rows.write(file.bytes, batch, row);
    this.times[row] = t;
    this.offsets[row] = file.position - file.pos + next;
    this.ends[row] = line;
  }

  private refuse(line: number, problem: string): void {
    const detail = `${this.name}, line ${line}: ${problem}`;
    this.context.drop('line');
    const error = new Batch(this.errors, 1);
    const row = error.row(this.context.clock.wall());
    error.column(0).push(row, this.name);
    error.column(1).push(row, line);
    error.column(2).push(row, problem);
    this.context.fault(detail, 1, error);
  }

  /** Opens the file where the position says, knowing its columns. */
  private async open(): Promise<FileBytes> {
    const path = this.path();
    const file = await FileBytes.open(path, this.name);
    this.readLine = 0;
    await this.readHeader(file);
    if (!this.resuming) return file;
    this.resuming = false;
    if (this.offset <= file.position) return file;
    await file.close();
    const resumed = await FileBytes.open(path, this.name, this.offset);
    await resumed.more();
    this.readLine = this.line;
    if (resumed.pos === resumed.end && !this.settings.loop) {
      this.context.log('info', `${this.name} was already read to its end`);
    }
    return resumed;
  }

  private async readHeader(file: FileBytes): Promise<void> {
    const { rows } = this;
    for (let first = true; ; first = false) {
      // The longest line bounds how far a header may reach; what is longer is told when it is read as a row.
      let outcome: Outcome = MORE;
      while (outcome === MORE && file.end - file.pos < MAX_LINE) {
        if (first && file.bytes.indexOf(BOM) === 0 && file.end >= BOM.length) file.pos = BOM.length;
        if (file.pos < file.end) outcome = rows.scan(file.bytes, file.pos, file.end, file.last);
        if (outcome === MORE && file.last) return;
        if (outcome === MORE) await file.more();
      }
      if (outcome !== BLANK && !rows.header(file.bytes, outcome)) return;
      file.pos = rows.next;
      this.readLine += rows.lines;
      if (outcome !== BLANK) return;
    }
  }

  private async again(): Promise<void> {
    await this.close();
    this.added += this.round.length;
    this.firstRound = false;
    this.offset = 0;
    this.line = 0;
    this.file = await this.open();
  }
}
