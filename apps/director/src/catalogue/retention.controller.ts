import { Body, Controller, Delete, Get, Param, Put, Query } from '@nestjs/common';
import { Collectable, CollectableQuery, Retention, RetentionSet } from '@millrace/schemas';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { Answers, AnswersNothing } from '../platform/http/answers.js';
import { RetentionService } from './retention.service.js';

@Controller('v1')
export class RetentionController {
  constructor(private readonly retention: RetentionService) {}

  /** Old versions that nothing names and no policy keeps; with keepLast or keepDays as if that were the policy. */
  @Get('resources::collectable')
  @Needs('catalogue.read')
  @Answers(200, Collectable)
  collectable(
    @Who() who: Principal,
    @Query({ schema: CollectableQuery }) query: CollectableQuery,
  ): Promise<Collectable> {
    return this.retention.collectable(who, query);
  }

  /** Of all resources without one of their own. */
  @Get('retention')
  @Needs('catalogue.read')
  @Answers(200, Retention)
  get(@Who() who: Principal): Promise<Retention> {
    return this.retention.get(who);
  }

  @Put('retention')
  @Needs('catalogue.write')
  @Answers(200, Retention)
  set(@Who() who: Principal, @Body({ schema: RetentionSet }) body: RetentionSet): Promise<Retention> {
    return this.retention.set(who, body);
  }

  @Get('resources/:name/retention')
  @Needs('catalogue.read')
  @Answers(200, Retention)
  getOwn(@Who() who: Principal, @Param('name') name: string): Promise<Retention> {
    return this.retention.get(who, name);
  }

  @Put('resources/:name/retention')
  @Needs('catalogue.write')
  @Answers(200, Retention)
  setOwn(
    @Who() who: Principal,
    @Param('name') name: string,
    @Body({ schema: RetentionSet }) body: RetentionSet,
  ): Promise<Retention> {
    return this.retention.set(who, body, name);
  }

  /** The organization's holds again. */
  @Delete('resources/:name/retention')
  @Needs('catalogue.write')
  @AnswersNothing()
  forgetOwn(@Who() who: Principal, @Param('name') name: string): Promise<void> {
    return this.retention.forget(who, name);
  }
}
