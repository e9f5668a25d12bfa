/**
 * `POST /v1/flows/{name}:prepare`: the rows that a model of the flow would see, as a table.
 *
 * Guarantee: a whole table or a problem; closing the request ends the run, and nothing of it is kept.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { Body, Controller, Param, Post, Res } from '@nestjs/common';
import { Failure, FlowPrepare, TestRunEvent } from '@millrace/schemas';
import type { FastifyReply } from 'fastify';
import { Needs } from '../../access/guard.js';
import { Who, type Principal } from '../../access/principal.js';
import { AnswersBytes } from '../../platform/http/answers.js';
import { TestRunsService, type TestRun } from './test-runs.service.js';
import { whileOpen } from './while-open.js';

type Ended = Extract<TestRunEvent, { event: 'ended' }>;

const TYPES = {
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
} as const;
/** Of what the browser or the SDK shows beside the table. */
const SUMMARY = 'millrace-prepared';
/** Longest that somebody may take to fetch it: it holds a place of a run meanwhile. */
const READ_MS = 600_000;

@Controller('v1/flows')
export class PrepareController {
  constructor(private readonly runs: TestRunsService) {}

  /** `millrace-prepared` says how many rows there are, and which were left out. */
  @Post(':name(^[^:]+)::prepare')
  @Needs('flows.write')
  @AnswersBytes(Object.values(TYPES), 'The table, whole.')
  async prepare(
    @Who() who: Principal,
    @Param('name') name: string,
    @Body({ schema: FlowPrepare }) body: FlowPrepare,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await whileOpen(
      reply,
      (closed) => this.runs.prepareTable(who, name, body, closed),
      async (run, closed) => {
        const { reason, detail, problems } = await endOf(run, closed);
        if (closed.aborted) return void reply.hijack();
        if (reason !== 'finished')
          throw new Failure('flows.not-prepared', `${name}: ${detail}`, { errors: problems });
        const { size } = await stat(run.table);
        void reply
          .header('content-type', TYPES[body.format ?? 'csv'])
          .header('content-length', size)
          .header(SUMMARY, detail)
          .send(createReadStream(run.table));
        await finished(reply.raw, { signal: AbortSignal.timeout(READ_MS) }).catch(() => reply.raw.destroy());
      },
    );
  }
}

async function endOf(run: TestRun, closed: AbortSignal): Promise<Ended> {
  let last: Ended | undefined;
  const process = run.start(async ({ event, text }) => {
    if (event === 'ended') last = JSON.parse(text) as Ended;
  });
  const stop = () => process.stop('The request was closed.');
  closed.addEventListener('abort', stop);
  await process.gone;
  closed.removeEventListener('abort', stop);
  return last!;
}
