import { Body, Controller, Get, Param, Patch, Put, Query, Res } from '@nestjs/common';
import { Alias, AliasChange, AliasHistory, AliasList, AliasMove, PageQuery } from '@millrace/schemas';
import type { FastifyReply } from 'fastify';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { Answers } from '../platform/http/answers.js';
import { IfMatch, withEtag } from '../platform/http/etag.js';
import { AliasesService } from './aliases.service.js';

@Controller('v1/resources/:name/aliases')
export class AliasesController {
  constructor(private readonly aliases: AliasesService) {}

  @Get()
  @Needs('catalogue.read')
  @Answers(200, AliasList)
  list(@Who() who: Principal, @Param('name') name: string) {
    return this.aliases.list(who, name);
  }

  @Get(':alias')
  @Needs('catalogue.read')
  @Answers(200, Alias)
  async get(
    @Who() who: Principal,
    @Param('name') name: string,
    @Param('alias') alias: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Alias> {
    const found = await this.aliases.get(who, name, alias);
    return withEtag(reply, found.revision, found);
  }

  /** Moving an alias alone never deploys. */
  @Put(':alias')
  @Needs('catalogue.promote')
  @Answers(200, Alias)
  async move(
    @Who() who: Principal,
    @Param('name') name: string,
    @Param('alias') alias: string,
    @IfMatch() ifMatch: string | undefined,
    @Body({ schema: AliasMove }) body: AliasMove,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Alias> {
    const moved = await this.aliases.move(who, name, alias, ifMatch, body);
    return withEtag(reply, moved.revision, moved);
  }

  /** Whether it moves by promotions alone, which somebody else approves. */
  @Patch(':alias')
  @Needs('promotions.approve')
  @Answers(200, Alias)
  guard(
    @Who() who: Principal,
    @Param('name') name: string,
    @Param('alias') alias: string,
    @Body({ schema: AliasChange }) body: AliasChange,
  ): Promise<Alias> {
    return this.aliases.guard(who, name, alias, body);
  }

  @Get(':alias/history')
  @Needs('catalogue.read')
  @Answers(200, AliasHistory)
  history(
    @Who() who: Principal,
    @Param('name') name: string,
    @Param('alias') alias: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.aliases.history(who, name, alias, query);
  }
}
