/**
 * `GET /v1/events`: what happens in the organization, as server-sent events.
 *
 * Guarantee: a credential that ended or lost its permission ends the stream within 4 s; a follower that does
 * not read is cut off when its buffer is full and comes back with Last-Event-ID.
 */
import { Controller, Get, Headers, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces } from '@nestjs/swagger';
import type { LiveEvent } from '@millrace/schemas';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Live, WAITING_AT_MOST } from '../platform/live/live.js';
import { Authentication } from './authentication.js';
import { Needs } from './guard.js';
import { Who, type Principal } from './principal.js';

const RECHECK_MS = 3_000;
const HEARTBEAT_MS = 15_000; // under the 30 s after which the most impatient proxies cut a silent line

@Controller('v1/events')
export class EventsController {
  constructor(
    private readonly live: Live,
    private readonly authentication: Authentication,
  ) {}

  @Get()
  @Needs('events.read')
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ description: 'Events as they happen; `id` may be sent back as Last-Event-ID.' })
  follow(
    @Who() who: Principal,
    @Headers('last-event-id') lastId: string | undefined,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): void {
    const token = (request.headers.authorization ?? '').replace(/^Bearer +/i, '');
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-request-id': request.id,
    });
    raw.write(': hello\n\n');

    let waiting = 0;
    const send = (event: LiveEvent) => {
      if (waiting >= WAITING_AT_MOST) return raw.destroy();
      waiting += 1;
      raw.write(textOf(event), () => (waiting -= 1));
    };
    const stop = this.live.follow(who.organization, send, lastId);
    const heartbeat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT_MS);
    const recheck = setInterval(() => {
      this.authentication.who(token).then(
        (now) => {
          if (!now.permissions.has('events.read')) raw.end();
        },
        () => raw.end(),
      );
    }, RECHECK_MS);
    raw.on('close', () => {
      stop();
      clearInterval(heartbeat);
      clearInterval(recheck);
    });
  }
}

const textOf = (event: LiveEvent): string =>
  `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
