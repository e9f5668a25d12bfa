/** `GET /v1/events`: what happens in the organization, as server-sent events, also what was missed. */
import { Controller, Get, Headers, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces } from '@nestjs/swagger';
import type { LiveEvent } from '@millrace/schemas';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Live } from '../platform/live/live.js';
import { Needs } from './guard.js';
import { Who, type Principal } from './principal.js';
import { EventStreams } from './stream.js';

@Controller('v1/events')
export class EventsController {
  constructor(
    private readonly live: Live,
    private readonly streams: EventStreams,
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
    const stream = this.streams.open(request, reply, 'events.read');
    const send = (event: LiveEvent) => stream.send(event.type, event, event.id);
    stream.onClose(this.live.follow(who.organization, send, lastId));
  }
}
