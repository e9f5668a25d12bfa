import { Controller, Get } from '@nestjs/common';
import { Overview } from '@millrace/schemas';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { Answers } from '../platform/http/answers.js';
import { OverviewService } from './overview.service.js';

@Controller('v1/overview')
export class OverviewController {
  constructor(private readonly overview: OverviewService) {}

  /** How everything stands now, and what happened in the last hour. */
  @Get()
  @Needs('overview.read')
  @Answers(200, Overview)
  get(@Who() who: Principal): Promise<Overview> {
    return this.overview.get(who);
  }
}
