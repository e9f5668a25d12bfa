/**
 * `POST /v1/flows/{name}:test-run`: the draft runs for as long as the request is open, and says what it does.
 *
 * Guarantee: closing the request ends the run. The stream holds at most one frame that has not left.
 */
import { Body, Controller, Param, Post, Req, Res } from '@nestjs/common';
import { TestRunEvent, TestRunRequest } from '@millrace/schemas';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Needs } from '../../access/guard.js';
import { Who, type Principal } from '../../access/principal.js';
import { Streams } from '../../platform/http/answers.js';
import type { FromTest } from './ipc.js';
import { TestRunsService, type TestRun } from './test-runs.service.js';

/** For what is still on its way when the run is over. */
const READ_MS = 30_000;
const HEARTBEAT_MS = 15_000; // under the 30 s after which the most impatient proxies cut a silent line

@Controller('v1/flows')
export class TestRunsController {
  constructor(private readonly runs: TestRunsService) {}

  @Post(':name(^[^:]+)::test-run')
  @Needs('flows.write')
  @Streams(TestRunEvent, 'Each event as `data`, `ended` is the last. Closing the request ends the run.')
  async testRun(
    @Who() who: Principal,
    @Param('name') name: string,
    @Body({ schema: TestRunRequest }) body: TestRunRequest,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const closed = new AbortController();
    reply.raw.once('close', () => closed.abort());
    let run: TestRun;
    try {
      run = await this.runs.prepare(who, name, body, closed.signal);
    } catch (error) {
      if (!closed.signal.aborted) throw error;
      // Nobody is there to be told.
      reply.hijack();
      return;
    }
    try {
      reply.hijack();
      await follow(run, request.id, reply, closed.signal);
    } finally {
      await run.release();
    }
  }
}

async function follow(run: TestRun, id: string, { raw }: FastifyReply, closed: AbortSignal): Promise<void> {
  if (closed.aborted) return;
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-request-id': id,
  });
  const hear = ({ event, text }: FromTest) =>
    new Promise<void>((resolve) => {
      if (closed.aborted) return resolve();
      raw.write(`event: ${event}\ndata: ${text}\n\n`, () => resolve());
    });
  const heartbeat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT_MS);
  try {
    const process = run.start(hear);
    const stop = () => process.stop('The request was closed.');
    closed.addEventListener('abort', stop, { once: true });
    if (closed.aborted) stop();
    await process.gone;
  } finally {
    clearInterval(heartbeat);
    raw.end();
    // Whoever does not read the end in time has left without closing.
    if (!closed.aborted) {
      const late = setTimeout(() => raw.destroy(), READ_MS);
      closed.addEventListener('abort', () => clearTimeout(late), { once: true });
    }
  }
}
