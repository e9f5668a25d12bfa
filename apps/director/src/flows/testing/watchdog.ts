/**
 * Ends this process when its flow cannot be asked any more: a module that loops, memory that runs away, a
 * director that is gone.
 *
 * Guarantee: it lives in a thread of its own, so nothing that the flow does keeps it from acting.
 */
import { Worker } from 'node:worker_threads';
import { TOO_LARGE } from './ipc.js';

const LOOK_MS = 50;

interface Orders {
  parent: number;
  lookMs: number;
  bytes: number;
  tooLarge: string;
}

export interface Watchdog {
  /** It bites so many milliseconds from now. */
  until(ms: number): void;
}

export function startWatchdog(memoryMb: number): Watchdog {
  const workerData: Orders = {
    parent: process.ppid,
    lookMs: LOOK_MS,
    bytes: memoryMb * 1024 * 1024,
    tooLarge: `${TOO_LARGE}\n`,
  };
  // As text, since a thread cannot begin with a function, and a file of its own is none while sources run unbuilt.
  const worker = new Worker(`(${watch.toString()})(require('node:worker_threads'))`, {
    eval: true,
    workerData,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 16 },
  });
  worker.unref();
  return { until: (ms) => worker.postMessage(ms) };
}

/** Runs in the thread: it may name nothing of this file. */
function watch({ workerData, parentPort }: typeof import('node:worker_threads')): void {
  const { parent, lookMs, bytes, tooLarge } = workerData as Orders;
  const { writeSync } = process.getBuiltinModule('node:fs');
  let until = Infinity;
  parentPort?.on('message', (ms: number) => (until = performance.now() + ms));
  setInterval(() => {
    const large = process.memoryUsage.rss() > bytes;
    if (!large && process.ppid === parent && performance.now() < until) return;
    // Past the main thread, which may never write anything again.
    if (large) writeSync(2, tooLarge);
    process.kill(process.pid, 'SIGKILL');
  }, lookMs);
}
