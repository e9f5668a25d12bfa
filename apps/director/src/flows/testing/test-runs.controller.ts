/**
 * `POST /v1/flows/{name}:test-run`: the draft runs for as long as the request is open, and says what it does.
 *
 * Guarantee: closing the request ends the run, and so does losing the permission. The stream holds at most one
 * frame that has not left.
 */
import { Body, Controller, Param, Post, Req, Res } from '@nestjs/common';
import { TestRunEvent, TestRunRequest } from '@millrace/schemas';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Needs } from '../../access/guard.js';
import { Who, type Principal } from '../../access/principal.js';
import { EventStreams } from '../../access/stream.js';
import { Streams } from '../../platform/http/answers.js';
import { TestRunsService } from './test-runs.service.js';
import { whileOpen } from './while-open.js';

@Controller('v1/flows')
export class TestRunsController {
  constructor(
    private readonly runs: TestRunsService,
    private readonly streams: EventStreams,
  ) {}

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
    await whileOpen(
      reply,
      (closed) => this.runs.prepare(who, name, body, closed),
      async (run) => {
        const stream = this.streams.open(request, reply, 'flows.write');
        try {
          const process = run.start(({ event, text }) => stream.pass(event, text));
          stream.onClose(() => process.stop('The request was closed.'));
          await process.gone;
        } finally {
          stream.end();
        }
      },
    );
  }
}
