/**
 * A run for as long as the request that asked for it is open.
 *
 * Guarantee: what the run holds is free afterwards, however it ends; a request that was closed meanwhile gets no answer,
 * since nobody is there to be told.
 */
import type { FastifyReply } from 'fastify';
import type { TestRun } from './test-runs.service.js';

/** @param ready makes the run; the signal says that the request was closed */
export async function whileOpen(
  reply: FastifyReply,
  ready: (closed: AbortSignal) => Promise<TestRun>,
  use: (run: TestRun, closed: AbortSignal) => Promise<void>,
): Promise<void> {
  const closed = new AbortController();
  reply.raw.once('close', () => closed.abort());
  let run: TestRun;
  try {
    run = await ready(closed.signal);
  } catch (error) {
    if (!closed.signal.aborted) throw error;
    return void reply.hijack();
  }
  try {
    if (closed.signal.aborted) return void reply.hijack();
    await use(run, closed.signal);
  } finally {
    await run.release();
  }
}
