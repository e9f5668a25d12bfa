import { Body, Controller, Delete, Headers, Post, Req } from '@nestjs/common';
import { Session, SessionCreate } from '@millrace/schemas';
import type { FastifyRequest } from 'fastify';
import { Answers, AnswersNothing } from '../platform/http/answers.js';
import { Public, SignedIn } from './guard.js';
import { SessionsService } from './sessions.service.js';

@Controller('v1/sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Post()
  @Public()
  @Answers(201, Session)
  create(
    @Body({ schema: SessionCreate }) body: SessionCreate,
    @Req() request: FastifyRequest,
  ): Promise<Session> {
    return this.sessions.signIn(body, request.ip, request.id);
  }

  /** Signs out: ends the session whose token is sent. */
  @Delete('current')
  @SignedIn()
  @AnswersNothing()
  end(@Headers('authorization') authorization: string, @Req() request: FastifyRequest): Promise<void> {
    return this.sessions.signOut(authorization.replace(/^Bearer +/i, ''), request.id);
  }
}
