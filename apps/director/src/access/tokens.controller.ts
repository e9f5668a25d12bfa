import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiToken, ApiTokenCreate, ApiTokenCreated, ApiTokenList, PageQuery } from '@millrace/schemas';
import { Answers, AnswersNothing } from '../platform/http/answers.js';
import { Needs } from './guard.js';
import { Who, type Principal } from './principal.js';
import { TokensService } from './tokens.service.js';

@Controller('v1/tokens')
export class TokensController {
  constructor(private readonly tokens: TokensService) {}

  @Get()
  @Needs('access.read')
  @Answers(200, ApiTokenList)
  list(@Who() who: Principal, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.tokens.list(who, query);
  }

  @Post()
  @Needs('access.write')
  @Answers(201, ApiTokenCreated)
  create(
    @Who() who: Principal,
    @Body({ schema: ApiTokenCreate }) body: ApiTokenCreate,
  ): Promise<ApiTokenCreated> {
    return this.tokens.create(who, body);
  }

  @Get(':id')
  @Needs('access.read')
  @Answers(200, ApiToken)
  get(@Who() who: Principal, @Param('id') id: string): Promise<ApiToken> {
    return this.tokens.get(who, id);
  }

  @Delete(':id')
  @Needs('access.write')
  @AnswersNothing()
  remove(@Who() who: Principal, @Param('id') id: string): Promise<void> {
    return this.tokens.remove(who, id);
  }
}
