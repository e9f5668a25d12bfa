import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import {
  AbortRequest,
  Deployment,
  DeploymentCreate,
  DeploymentList,
  DeploymentQuery,
  DeploymentReasons,
  DeploymentTimeline,
  PageQuery,
  Plan,
  TargetList,
  TargetQuery,
} from '@millrace/schemas';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { Answers } from '../platform/http/answers.js';
import { DeploymentsService } from './deployments.service.js';

@Controller('v1')
export class DeploymentsController {
  constructor(private readonly deployments: DeploymentsService) {}

  @Get('deployments')
  @Needs('deployments.read')
  @Answers(200, DeploymentList)
  list(@Who() who: Principal, @Query({ schema: DeploymentQuery }) query: DeploymentQuery) {
    return this.deployments.list(who, query);
  }

  @Post('deployments')
  @Needs('deployments.write')
  @Answers(201, Deployment)
  deploy(
    @Who() who: Principal,
    @Body({ schema: DeploymentCreate }) body: DeploymentCreate,
  ): Promise<Deployment> {
    return this.deployments.deploy(who, body);
  }

  /** What a deployment would do; nothing is changed. */
  @Post('deployments::plan')
  @Needs('deployments.read')
  @Answers(200, Plan)
  plan(@Who() who: Principal, @Body({ schema: DeploymentCreate }) body: DeploymentCreate): Promise<Plan> {
    return this.deployments.plan(who, body);
  }

  @Get('deployments/:id')
  @Needs('deployments.read')
  @Answers(200, Deployment)
  get(@Who() who: Principal, @Param('id') id: string): Promise<Deployment> {
    return this.deployments.get(who, id);
  }

  @Get('deployments/:id/targets')
  @Needs('deployments.read')
  @Answers(200, TargetList)
  targets(
    @Who() who: Principal,
    @Param('id') id: string,
    @Query({ schema: TargetQuery }) query: TargetQuery,
  ) {
    return this.deployments.targets(who, id, query);
  }

  /** What happened to it as a whole, newest first. */
  @Get('deployments/:id/timeline')
  @Needs('deployments.read')
  @Answers(200, DeploymentTimeline)
  timeline(@Who() who: Principal, @Param('id') id: string, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.deployments.timeline(who, id, query);
  }

  /** Why targets do not run it, most first. */
  @Get('deployments/:id/reasons')
  @Needs('deployments.read')
  @Answers(200, DeploymentReasons)
  reasons(@Who() who: Principal, @Param('id') id: string): Promise<DeploymentReasons> {
    return this.deployments.reasons(who, id);
  }

  @Post('deployments/:id(^[^:]+)::pause')
  @Needs('deployments.write')
  @Answers(200, Deployment)
  pause(@Who() who: Principal, @Param('id') id: string): Promise<Deployment> {
    return this.deployments.pause(who, id);
  }

  @Post('deployments/:id(^[^:]+)::resume')
  @Needs('deployments.write')
  @Answers(200, Deployment)
  resume(@Who() who: Principal, @Param('id') id: string): Promise<Deployment> {
    return this.deployments.resume(who, id);
  }

  @Post('deployments/:id(^[^:]+)::abort')
  @Needs('deployments.write')
  @Answers(200, Deployment)
  abort(
    @Who() who: Principal,
    @Param('id') id: string,
    @Body({ schema: AbortRequest }) body: AbortRequest,
  ): Promise<Deployment> {
    return this.deployments.abort(who, id, body?.nodes);
  }

  @Post('deployments/:id(^[^:]+)::rollback')
  @Needs('deployments.write')
  @Answers(200, Deployment)
  rollback(@Who() who: Principal, @Param('id') id: string): Promise<Deployment> {
    return this.deployments.rollback(who, id);
  }

  @Post('deployments/:id(^[^:]+)::retry')
  @Needs('deployments.write')
  @Answers(200, Deployment)
  retry(@Who() who: Principal, @Param('id') id: string): Promise<Deployment> {
    return this.deployments.retry(who, id);
  }
}
