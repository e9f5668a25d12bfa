import { Body, Controller, Get, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  FlowRestart,
  LiveFlowEvent,
  LiveQuery,
  LogsQuery,
  NodeLogs,
  NodeRecording,
  RecordingQuery,
} from '@millrace/schemas';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { EventStreams } from '../access/stream.js';
import { Answers, AnswersNothing, Streams } from '../platform/http/answers.js';
import { LookingService } from './looking.service.js';

@Controller('v1/nodes')
export class LookingController {
  constructor(
    private readonly looking: LookingService,
    private readonly streams: EventStreams,
  ) {}

  /** The state first and at each change, then frames; one that finds the line busy is left out. */
  @Get(':id/flows/:flow/live')
  @Needs('fleet.read')
  @Streams(LiveFlowEvent, 'What passes on the wires of a flow that runs on this node, as it happens.')
  async live(
    @Who() who: Principal,
    @Param('id') node: string,
    @Param('flow') flow: string,
    @Query({ schema: LiveQuery }) query: LiveQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const modules = query.modules === undefined ? undefined : new Set(query.modules.split(','));
    const watch = await this.looking.watch(who, { node, flow, modules });
    const stream = this.streams.open(request, reply, 'fleet.read');
    const see = (event: LiveFlowEvent) => {
      if (event.event === 'frame') stream.offer(event.event, event);
      else stream.send(event.event, event);
      if (event.event === 'state' && event.state === 'ended') stream.end();
    };
    stream.onClose(watch(see));
  }

  /** The last lines that the node still has, of one flow or of all. Follow by asking again with the last `t`. */
  @Get(':id/logs')
  @Needs('fleet.read')
  @Answers(200, NodeLogs)
  logs(
    @Who() who: Principal,
    @Param('id') node: string,
    @Query({ schema: LogsQuery }) query: LogsQuery,
  ): Promise<NodeLogs> {
    return this.looking.logs(who, node, query);
  }

  /**
   * A part of what a source with a journal took, oldest first. Go on behind `through` while there is `more`; the parts
   * one behind the other are a file for `millrace run --input`.
   */
  @Get(':id/flows/:flow/recording')
  @Needs('fleet.read')
  @Answers(200, NodeRecording)
  recording(
    @Who() who: Principal,
    @Param('id') node: string,
    @Param('flow') flow: string,
    @Query({ schema: RecordingQuery }) query: RecordingQuery,
  ): Promise<NodeRecording> {
    return this.looking.recording(who, node, flow, query);
  }

  /** Starts a flow anew and lets it forget why it was stopped or judged. */
  @Post(':id(^[^:]+)::restart')
  @Needs('fleet.write')
  @AnswersNothing()
  restart(
    @Who() who: Principal,
    @Param('id') node: string,
    @Body({ schema: FlowRestart }) body: FlowRestart,
  ): Promise<void> {
    return this.looking.restart(who, node, body.flow);
  }
}
