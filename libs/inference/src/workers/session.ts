/**
 * A script that runs as a worker: batches go to its process, `inFlight` of them at a time, and come back in order.
 *
 * Guarantee: every batch that is handed over is answered, with a result or a Failure. A process that dies, writes
 * rubbish, passes a cap, or takes longer than `timeoutMs` for a batch is ended with its whole tree, what it had in hand
 * fails, and another is started: a little later each time, at most RESTARTS times in RESTART_MS. Until it may be started
 * again after that the session is degraded: it says so once, and every batch fails at once with the reason.
 */
import { Failure } from '@millrace/schemas';
import { Kind, PREFIX, writePrefix, type Frame } from './frames.js';
import { PROTOCOL, type BatchHeader, type Hello, type Ready, type ResultHeader } from './hello.js';
import type { Launch } from './launch.js';
import { startWorker, type Caps, type WorkerProcess } from './process.js';

export interface WorkerOptions {
  /** How problems call it. */
  name: string;
  launch: Launch;
  hello: Hello;
  cwd: string;
  caps?: Caps;
  sandbox?: boolean;
  /** Files and folders of the script, which a sandbox shows. */
  reads?: readonly string[];
  /** Batches in flight at the most. */
  inFlight?: number;
  /** Longest that a batch may take once it is its turn. */
  timeoutMs?: number;
  /** Longest that the script may take to be ready. */
  startMs?: number;
  /** Pauses before the first, second, ... restart in RESTART_MS. */
  backoffMs?: readonly number[];
  log(level: 'info' | 'warn' | 'error', text: string): void;
  /** `restarts`, `degraded`, `log-lines`: how often, or how many. */
  count?(what: string, n: number): void;
  /** Sends batches of its own through a fresh process; what it throws says that the process is not what it should be. */
  prove?(batch: () => WorkerBatch): Promise<void>;
  /** Batches may be borrowed again. */
  changed?(): void;
}

export interface WorkerResult {
  rows: number;
  fields: readonly { name: string; width: number }[];
  /** Row-major, by `fields`. */
  numbers: Float64Array;
  /** Texts, truths and mixed values by output, a value a row. */
  values: Readonly<Record<string, unknown[]>>;
}

/** One batch: fill it, run it, read its result, release it. */
export interface WorkerBatch {
  /** Room for so many numbers, row-major. Valid until `release`. */
  numbers(count: number): Float32Array | Float64Array;
  /** For texts and windows; without it the numbers say all. */
  header: BatchHeader | null;
  run(): Promise<void>;
  /** Valid until `release` or the next `run`. */
  readonly result: WorkerResult;
  release(): void;
}

export type WorkerState = 'starting' | 'ready' | 'waiting' | 'degraded' | 'closed';

export interface WorkerSession {
  readonly state: WorkerState;
  readonly ready: Ready;
  /** Of the process that runs now; 0 when none does. */
  readonly pid: number;
  /** A free batch; undefined while all are in use, or no process is ready. */
  borrow(): WorkerBatch | undefined;
  close(): Promise<void>;
}

export const RESTARTS = 5;
export const RESTART_MS = 10 * 60_000;
const BACKOFF_MS = [100, 300, 1_000, 3_000, 8_000];
/** An idle worker is asked this often whether it is there, and must have answered by the time after next. */
const PING_MS = 5_000;
/** How long a worker that was told bye may take. */
const BYE_MS = 2_000;
/** In front of a body, so that it lies where 64-bit numbers may lie. */
const FRONT = 16;
const FIRST_BYTES = 4096;
const NONE: Record<string, unknown[]> = Object.freeze({});

export const WorkerSession = { open };

async function open(options: WorkerOptions): Promise<WorkerSession> {
  const session = new Session(options);
  try {
    await session.start();
  } catch (error) {
    await session.close();
    throw error;
  }
  return session;
}

class Slot implements WorkerBatch {
  header: BatchHeader | null = null;
  id = 0;
  held = false;
  settling: { resolve(): void; reject(failure: Failure): void } | undefined;
  result: WorkerResult = { rows: 0, fields: [], numbers: new Float64Array(0), values: {} };
  private room = new ArrayBuffer(FRONT + FIRST_BYTES);
  private frame = Buffer.from(this.room);
  private view: Float32Array | Float64Array;
  /** Prefix and body as they go out without a header; made anew when the room or the number of rows changes. */
  private outgoing: Buffer | undefined;
  private answers = new Float64Array(64);
  private answerBytes = Buffer.from(this.answers.buffer);
  private readonly plain: WorkerResult['fields'];

  constructor(
    private readonly session: Session,
    private readonly kind: typeof Float32Array | typeof Float64Array,
    outputs: readonly string[],
  ) {
    this.plain = outputs.map((name) => ({ name, width: 1 }));
    this.view = new kind(this.room, FRONT, 0);
  }

  numbers(count: number): Float32Array | Float64Array {
    const bytes = count * this.kind.BYTES_PER_ELEMENT;
    if (FRONT + bytes > this.room.byteLength) {
      this.room = new ArrayBuffer(FRONT + 2 ** Math.ceil(Math.log2(bytes)));
      this.frame = Buffer.from(this.room);
    }
    if (this.view.length !== count || this.view.buffer !== this.room) {
      this.view = new this.kind(this.room, FRONT, count);
      this.outgoing = undefined;
    }
    return this.view;
  }

  run(): Promise<void> {
    return this.session.submit(this);
  }

  release(): void {
    this.session.release(this);
  }

  /** The frame goes out as it lies here: prefix and body in one piece when there is no header. */
  sendTo(worker: WorkerProcess): void {
    const bytes = this.view.byteLength;
    if (this.header === null) {
      writePrefix(this.frame, FRONT - PREFIX, Kind.batch, this.id, 0, bytes);
      worker.write((this.outgoing ??= this.frame.subarray(FRONT - PREFIX, FRONT + bytes)));
    } else worker.send(Kind.batch, this.id, this.header, this.frame.subarray(FRONT, FRONT + bytes));
  }

  /** Takes a result over; a text when it does not hold what it says. */
  accept({ header, body }: Frame): string | undefined {
    const { fields = this.plain, rows: said, values = NONE } = header as Partial<ResultHeader>;
    let width = 0;
    for (const field of fields) width += field.width;
    const rows = said ?? body.length / (8 * width);
    const count = rows * width;
    if (!Number.isInteger(rows) || body.length !== count * 8)
      return `a result of ${rows} rows has ${body.length} bytes`;
    if (this.answers.length < count) {
      this.answers = new Float64Array(2 ** Math.ceil(Math.log2(count)));
      this.answerBytes = Buffer.from(this.answers.buffer);
    }
    body.copy(this.answerBytes);
    this.result = { rows, fields, numbers: this.answers, values };
    return undefined;
  }
}

class Session implements WorkerSession {
  state: WorkerState = 'starting';
  ready!: Ready;
  private readonly slots: Slot[];
  private readonly free: Slot[];
  /** With the process, in the order in which they were handed over. */
  private flying: Slot[] = [];
  private headSince = 0;
  private nextId = 1;
  private worker: WorkerProcess | undefined;
  private readying: { resolve(ready: Ready): void; reject(failure: Failure): void } | undefined;
  private readonly restarts: number[] = [];
  /** Why no process runs. */
  private trouble: Failure | undefined;
  private timer: NodeJS.Timeout | undefined;
  private again: NodeJS.Timeout | undefined;
  private readonly pings: NodeJS.Timeout;
  private unanswered = 0;
  private saidTrace = '';
  private ending: Promise<void> = Promise.resolve();

  constructor(private readonly options: WorkerOptions) {
    const { hello, inFlight = 2 } = options;
    const kind = hello.dtype === 'float32' ? Float32Array : Float64Array;
    this.slots = Array.from({ length: inFlight }, () => new Slot(this, kind, hello.outputs));
    this.free = [...this.slots];
    this.pings = setInterval(() => this.ping(), PING_MS);
    this.pings.unref();
  }

  get pid(): number {
    return this.worker?.pid ?? 0;
  }

  /** Starts a process and waits until it is ready and has proved itself. */
  async start(): Promise<void> {
    const { options } = this;
    const { startMs = 60_000 } = options;
    this.state = 'starting';
    this.unanswered = 0;
    const worker = startWorker(
      {
        launch: options.launch,
        caps: options.caps ?? {},
        sandbox: options.sandbox ?? false,
        reads: options.reads ?? [],
        cwd: options.cwd,
      },
      {
        frame: (frame) => this.hear(frame),
        died: (reason) => this.broke(this.failure('engine.model-stopped', `its worker stopped: ${reason}`)),
        log: (line) => options.log('info', line),
        lost: (lines) => {
          options.count?.('log-lines', lines);
          options.log('warn', `${lines} lines of its log were left out: it writes too many`);
        },
      },
    );
    this.worker = worker;
    const late = setTimeout(() => {
      const said = worker.lastWords === '' ? '' : ` Its last words: ${worker.lastWords.slice(-500)}`;
      this.broke(this.failure('engine.model-load', `its script was not ready within ${startMs} ms.${said}`));
    }, startMs);
    try {
      this.ready = await new Promise<Ready>((resolve, reject) => {
        this.readying = { resolve, reject };
        worker.send(Kind.hello, 0, options.hello);
      });
      this.assertFits(this.ready);
      await options.prove?.(() => this.take());
    } finally {
      clearTimeout(late);
      this.readying = undefined;
    }
    if (this.state !== 'starting') throw this.trouble!;
    this.state = 'ready';
    this.trouble = undefined;
    options.changed?.();
  }

  borrow(): WorkerBatch | undefined {
    if (this.state !== 'ready' && this.state !== 'degraded') return undefined;
    return this.free.length === 0 ? undefined : this.take();
  }

  private take(): Slot {
    const slot = this.free.pop()!;
    slot.held = true;
    return slot;
  }

  submit(slot: Slot): Promise<void> {
    if (this.trouble !== undefined) return Promise.reject(this.trouble);
    return new Promise((resolve, reject) => {
      slot.settling = { resolve, reject };
      // 0 is the hello's.
      slot.id = this.nextId = (this.nextId % 0xffff_ffff) + 1;
      if (this.flying.length === 0) this.headSince = performance.now();
      this.flying.push(slot);
      slot.sendTo(this.worker!);
      this.watch();
    });
  }

  release(slot: Slot): void {
    if (!slot.held) return;
    slot.held = false;
    slot.header = null;
    this.free.push(slot);
  }

  async close(): Promise<void> {
    const wasReady = this.state === 'ready';
    this.state = 'closed';
    clearInterval(this.pings);
    clearTimeout(this.timer);
    clearTimeout(this.again);
    this.trouble ??= this.failure('engine.model-stopped', 'it was closed');
    this.failFlying(this.trouble);
    this.readying?.reject(this.trouble);
    const { worker } = this;
    this.worker = undefined;
    await Promise.all([this.ending, worker?.end(wasReady ? BYE_MS : 0)]);
  }

  private hear(frame: Frame): void {
    const { kind, header } = frame;
    this.unanswered = 0;
    if (kind === Kind.pong) return;
    if (kind === Kind.ready && this.readying !== undefined) {
      this.readying.resolve(header as unknown as Ready);
      return;
    }
    if (kind === Kind.error && frame.id === 0) {
      const said = this.said(frame);
      if (this.readying !== undefined) this.readying.reject(this.failure('engine.model-load', said.whole));
      else this.broke(this.failure('engine.model-stopped', `its worker stopped: ${said.message}`));
      return;
    }
    const slot = this.flying[0];
    if (slot === undefined || slot.id !== frame.id || (kind !== Kind.result && kind !== Kind.error)) {
      const what = `it answered what nobody asked (a frame of kind ${kind} for ${frame.id})`;
      this.broke(this.failure('engine.worker-protocol', what));
      return;
    }
    this.flying.shift();
    this.headSince = performance.now();
    const { settling } = slot;
    slot.settling = undefined;
    if (kind === Kind.error) {
      const { message, whole } = this.said(frame);
      this.tellOnce(whole);
      settling?.reject(this.failure('engine.model-run', message));
      return;
    }
    const wrong = slot.accept(frame);
    if (wrong === undefined) settling?.resolve();
    else {
      const failure = this.failure('engine.worker-protocol', wrong);
      settling?.reject(failure);
      this.broke(failure);
    }
  }

  /** What a script raised: its last line, and with its traceback. */
  private said({ header }: Frame): { message: string; whole: string } {
    const { message, trace } = header as { message?: unknown; trace?: unknown };
    const short = typeof message === 'string' ? message : 'it failed and did not say why';
    return { message: short, whole: typeof trace === 'string' ? trace : short };
  }

  /** A script that fails on every batch fails the same way: its traceback stands in the log once. */
  private tellOnce(trace: string): void {
    if (trace === this.saidTrace) return;
    this.saidTrace = trace;
    this.options.log('warn', trace);
  }

  private assertFits({ protocol, schema }: Ready): void {
    const { hello } = this.options;
    if (protocol !== PROTOCOL)
      throw this.failure(
        'engine.worker-protocol',
        `its runner speaks protocol ${protocol}, and this is ${PROTOCOL}`,
      );
    if (schema !== hello.schema)
      throw this.failure(
        'engine.contract-mismatch',
        `its runner is ready for other columns than it was told`,
      );
  }

  /** One timer a session, set anew when it runs out, not with every batch. */
  private watch(): void {
    if (this.timer !== undefined || this.flying.length === 0) return;
    const { timeoutMs = 10_000 } = this.options;
    const left = this.headSince + timeoutMs - performance.now();
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        // What has come while our own loop was busy is read before this is judged.
        setImmediate(() => {
          if (this.flying.length === 0) return;
          if (performance.now() < this.headSince + timeoutMs) this.watch();
          else
            this.broke(
              this.failure('engine.model-timeout', `a batch took longer than timeoutMs (${timeoutMs} ms)`),
            );
        });
      },
      Math.max(1, left),
    );
  }

  private ping(): void {
    if (this.state !== 'ready' || this.flying.length > 0) return;
    if (this.unanswered > 1) {
      this.broke(
        this.failure('engine.model-timeout', `its worker hangs: no answer in ${(PING_MS * 2) / 1000} s`),
      );
      return;
    }
    this.unanswered++;
    this.worker?.send(Kind.ping, 0, null);
  }

  /** The process is no good any more: what it had in hand fails, and another is started when that may be. */
  private broke(failure: Failure): void {
    if (this.state === 'closed' || this.state === 'waiting' || this.state === 'degraded') return;
    const { readying } = this;
    const wasReady = this.state === 'ready';
    this.letGo(failure);
    clearTimeout(this.timer);
    this.timer = undefined;
    this.failFlying(failure);
    readying?.reject(failure);
    // A start that fails is told to whoever started it.
    if (wasReady) this.restart(failure);
  }

  /** Ends the process with its tree. */
  private letGo(failure: Failure): void {
    const { worker } = this;
    this.worker = undefined;
    this.trouble = failure;
    this.state = 'waiting';
    if (worker !== undefined) this.ending = worker.end(0);
  }

  private failFlying(failure: Failure): void {
    for (const slot of this.flying.splice(0)) {
      const { settling } = slot;
      slot.settling = undefined;
      settling?.reject(failure);
    }
  }

  /** When nothing of the last process is left. */
  private restart(failure: Failure): void {
    void this.ending.then(() => this.startAgain(failure));
  }

  private startAgain(failure: Failure): void {
    if (this.state === 'closed') return;
    const { options, restarts } = this;
    const now = performance.now();
    while (restarts.length > 0 && now - restarts[0]! > RESTART_MS) restarts.shift();
    const { backoffMs = BACKOFF_MS } = options;
    const mayAgain = restarts.length < RESTARTS;
    const pause = mayAgain
      ? (backoffMs[Math.min(restarts.length, backoffMs.length - 1)] ?? 0)
      : restarts[0]! + RESTART_MS - now;
    this.trouble = failure;
    if (mayAgain) options.log('warn', `${failure.message}; it is started again`);
    else {
      this.state = 'degraded';
      const minutes = RESTART_MS / 60_000;
      const what = `it was started ${RESTARTS} times in ${minutes} minutes, and is let be for now; the last time: `;
      this.trouble = this.failure('engine.model-stopped', what + failure.message, failure);
      options.count?.('degraded', 1);
      options.log('error', this.trouble.message);
      options.changed?.();
    }
    this.again = setTimeout(() => {
      restarts.push(performance.now());
      options.count?.('restarts', 1);
      this.trouble = undefined;
      this.start().catch((error: unknown) => this.startFailed(error));
    }, pause);
  }

  private startFailed(error: unknown): void {
    if (this.state === 'closed') return;
    const failure =
      error instanceof Failure ? error : this.failure('engine.model-load', String(error), error);
    this.letGo(failure);
    this.restart(failure);
  }

  private failure(code: Failure['code'], detail: string, cause?: unknown): Failure {
    const { name } = this.options;
    const text = detail.startsWith(`Model ${name}: `) ? detail : `Model ${name}: ${detail}`;
    return new Failure(code, text, { cause });
  }
}
