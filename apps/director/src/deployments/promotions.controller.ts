import { Body, Controller, Get, Param, Post, Query, Res } from '@nestjs/common';
import {
  Promotion,
  PromotionCreate,
  PromotionList,
  PromotionPlan,
  PromotionQuery,
  PromotionReject,
} from '@millrace/schemas';
import type { FastifyReply } from 'fastify';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { Answers } from '../platform/http/answers.js';
import { IfMatch, withEtag } from '../platform/http/etag.js';
import { PromotionsService } from './promotions.service.js';

@Controller('v1')
export class PromotionsController {
  constructor(private readonly promotions: PromotionsService) {}

  @Get('promotions')
  @Needs('promotions.read')
  @Answers(200, PromotionList)
  list(@Who() who: Principal, @Query({ schema: PromotionQuery }) query: PromotionQuery) {
    return this.promotions.list(who, query);
  }

  /** With If-Match: only while the alias stands where the plan saw it. */
  @Post('promotions')
  @Needs('promotions.write')
  @Answers(201, Promotion)
  promote(
    @Who() who: Principal,
    @Body({ schema: PromotionCreate }) body: PromotionCreate,
    @IfMatch() ifMatch: string | undefined,
  ): Promise<Promotion> {
    return this.promotions.promote(who, body, ifMatch);
  }

  /** What a promotion would do; nothing is changed. Its ETag is the alias's. */
  @Post('promotions::plan')
  @Needs('promotions.read')
  @Answers(200, PromotionPlan)
  async plan(
    @Who() who: Principal,
    @Body({ schema: PromotionCreate }) body: PromotionCreate,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PromotionPlan> {
    const { plan, revision } = await this.promotions.plan(who, body);
    return withEtag(reply, revision, plan);
  }

  @Get('promotions/:id')
  @Needs('promotions.read')
  @Answers(200, Promotion)
  get(@Who() who: Principal, @Param('id') id: string): Promise<Promotion> {
    return this.promotions.get(who, id);
  }

  /** By somebody else than who asked for it. */
  @Post('promotions/:id(^[^:]+)::approve')
  @Needs('promotions.approve')
  @Answers(200, Promotion)
  approve(@Who() who: Principal, @Param('id') id: string): Promise<Promotion> {
    return this.promotions.approve(who, id);
  }

  @Post('promotions/:id(^[^:]+)::reject')
  @Needs('promotions.approve')
  @Answers(200, Promotion)
  reject(
    @Who() who: Principal,
    @Param('id') id: string,
    @Body({ schema: PromotionReject }) body: PromotionReject,
  ): Promise<Promotion> {
    return this.promotions.reject(who, id, body?.note);
  }

  /** The alias back, and every node back to what it ran before. */
  @Post('promotions/:id(^[^:]+)::revert')
  @Needs('promotions.write')
  @Answers(200, Promotion)
  revert(@Who() who: Principal, @Param('id') id: string): Promise<Promotion> {
    return this.promotions.revert(who, id);
  }
}
