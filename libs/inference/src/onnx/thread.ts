/**
 * One thread with one loaded model: starting it, its messages, its end. The session decides when a thread is
 * given up and makes the next.
 */
import { Worker } from 'node:worker_threads';
import { ABANDONED } from './layout.mjs';
import type { TensorPort } from './tensors.js';

/** Shared with the thread from its first moment; messages add to it. */
export interface ThreadData {
  model: string | Uint8Array;
  folder?: string;
  threads: number;
  slots: number;
  inputs: Pick<TensorPort, 'name' | 'dtype'>[];
  outputs: Pick<TensorPort, 'name' | 'dtype'>[];
  control: SharedArrayBuffer;
  /** By slot, then by input or output. */
  inputBuffers: SharedArrayBuffer[][];
  outputBuffers: SharedArrayBuffer[][];
}

/** What the thread sends and the session counts. */
export type Reply =
  | { kind: 'buffer'; slot: number; index: number; buffer: SharedArrayBuffer }
  | { kind: 'strings'; slot: number; index: number; values: string[] }
  | { kind: 'error'; slot: number; message: string };

export interface ThreadEvents {
  loaded(): void;
  /** The runtime refused the model; the thread is gone. */
  refused(message: string): void;
  reply(reply: Reply): void;
  /** Something may be done: look at the counters. */
  doorbell(): void;
  /** The thread ended although nobody asked it to. */
  died(reason: string): void;
}

export interface Thread {
  send(mail: object): void;
  ring(): void;
  /**
   * Has it free the model and end, as soon as the runtime comes back; nothing more is heard of it. It is never
   * terminated: the runtime's binding aborts the whole process when its thread is torn down during a call.
   */
  end(): void;
  /** Resolves when the thread has ended. */
  readonly ended: Promise<void>;
}

const entry = new URL('./worker.mjs', import.meta.url);

export function startThread(data: ThreadData, events: ThreadEvents): Thread {
  // Without our own arguments: a debugger's or a test runner's flags are not for this thread.
  const worker = new Worker(entry, { workerData: data, execArgv: [] });
  let over = false;
  let reason = 'it ended by itself';
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      resolve();
      if (!over) events.died(reason);
      over = true;
    });
  });
  worker.on('error', (error: unknown) => {
    reason = error instanceof Error ? error.message : String(error);
  });
  worker.on('message', (message: 0 | Reply | { kind: 'ready' } | { kind: 'failed'; message: string }) => {
    if (over) return;
    if (message === 0) events.doorbell();
    else if (message.kind === 'ready') events.loaded();
    else if (message.kind === 'failed') {
      over = true;
      events.refused(message.message);
    } else events.reply(message);
  });
  return {
    ended,
    send: (mail) => worker.postMessage(mail),
    ring: () => worker.postMessage(0),
    end() {
      if (over) return;
      over = true;
      Atomics.store(new Int32Array(data.control), ABANDONED, 1);
      worker.postMessage('close');
      worker.unref();
    },
  };
}
