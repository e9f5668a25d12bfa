import { Body, Controller, Delete, Get, Param, Post, Query, Req } from '@nestjs/common';
import {
  EnrolReply,
  EnrolRequest,
  JoinTokenCreate,
  JoinTokenCreated,
  JoinTokenList,
  KeysReply,
  PageQuery,
  TimeQuery,
  TimeReply,
} from '@millrace/schemas';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ForNodes, Needs, Public } from '../access/guard.js';
import { WhichNode, Who, type NodePrincipal, type Principal } from '../access/principal.js';
import { Answers, AnswersNothing } from '../platform/http/answers.js';
import { JoiningService } from './joining.service.js';
import { TrustService } from './trust.service.js';

@Controller('v1')
export class JoiningController {
  constructor(
    private readonly joining: JoiningService,
    private readonly trust: TrustService,
  ) {}

  @Post('join-tokens')
  @Needs('fleet.write')
  @Answers(201, JoinTokenCreated)
  createToken(
    @Who() who: Principal,
    @Body({ schema: JoinTokenCreate }) body: JoinTokenCreate,
  ): Promise<JoinTokenCreated> {
    return this.joining.createToken(who, body);
  }

  @Get('join-tokens')
  @Needs('fleet.read')
  @Answers(200, JoinTokenList)
  tokens(@Who() who: Principal, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.joining.tokens(who, query);
  }

  @Delete('join-tokens/:id')
  @Needs('fleet.write')
  @AnswersNothing()
  removeToken(@Who() who: Principal, @Param('id') id: string): Promise<void> {
    return this.joining.removeToken(who, id);
  }

  /** The join token in the body is all that this asks for. */
  @Post('agent/enrol')
  @Public()
  @Answers(201, EnrolReply)
  enrol(@Body({ schema: EnrolRequest }) body: z.infer<typeof EnrolRequest>, @Req() request: FastifyRequest) {
    return this.joining.enrol(body, request.ip, request.id);
  }

  @Get('agent/keys')
  @ForNodes()
  @Answers(200, KeysReply)
  keys(@WhichNode() node: NodePrincipal): Promise<KeysReply> {
    return this.trust.keys(node);
  }

  @Get('agent/time')
  @ForNodes()
  @Answers(200, TimeReply)
  time(@WhichNode() node: NodePrincipal, @Query({ schema: TimeQuery }) query: z.infer<typeof TimeQuery>) {
    return this.trust.time(node, query.nonce);
  }
}
