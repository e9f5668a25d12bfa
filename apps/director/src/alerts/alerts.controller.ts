import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import {
  Alert,
  AlertCount,
  AlertCountQuery,
  AlertList,
  AlertQuery,
  AlertSignal,
  OutboxReply,
  OutboxRequest,
  PageQuery,
  ResultList,
} from '@millrace/schemas';
import type { z } from 'zod';
import { ForNodes, Needs } from '../access/guard.js';
import { WhichNode, Who, type NodePrincipal, type Principal } from '../access/principal.js';
import { Presence } from '../fleet/presence.js';
import { Answers } from '../platform/http/answers.js';
import { AlertsService } from './alerts.service.js';
import { OutboxService } from './outbox.service.js';

type Sent = z.infer<typeof OutboxRequest>;
type Taken = z.infer<typeof OutboxReply>;

@Controller('v1')
export class AlertsController {
  constructor(
    private readonly alerts: AlertsService,
    private readonly outbox: OutboxService,
    private readonly presence: Presence,
  ) {}

  @Get('alerts')
  @Needs('alerts.read')
  @Answers(200, AlertList)
  list(@Who() who: Principal, @Query({ schema: AlertQuery }) query: AlertQuery) {
    return this.alerts.list(who, query);
  }

  /** How many the query chooses, so that a list knows its length. */
  @Get('alerts::count')
  @Needs('alerts.read')
  @Answers(200, AlertCount)
  count(
    @Who() who: Principal,
    @Query({ schema: AlertCountQuery }) query: AlertCountQuery,
  ): Promise<AlertCount> {
    return this.alerts.count(who, query);
  }

  /** What the flow saw around it: up to ten minutes before, and on until it was cleared. */
  @Get('alerts/:id/signal')
  @Needs('alerts.read')
  @Answers(200, AlertSignal)
  signal(@Who() who: Principal, @Param('id') id: string): Promise<AlertSignal> {
    return this.alerts.signal(who, id);
  }

  @Get('alerts/:id')
  @Needs('alerts.read')
  @Answers(200, Alert)
  get(@Who() who: Principal, @Param('id') id: string): Promise<Alert> {
    return this.alerts.get(who, id);
  }

  @Post('alerts/:id(^[^:]+)::acknowledge')
  @Needs('alerts.write')
  @Answers(200, Alert)
  acknowledge(@Who() who: Principal, @Param('id') id: string): Promise<Alert> {
    return this.alerts.acknowledge(who, id);
  }

  /** The newest results that flows of this name have sent up. */
  @Get('flows/:flow/results')
  @Needs('alerts.read')
  @Answers(200, ResultList)
  results(
    @Who() who: Principal,
    @Param('flow') flow: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.alerts.results(who, flow, query);
  }

  /** The outbox of a node whose broker is gone: answers with what is committed. */
  @Post('agent/alerts')
  @ForNodes()
  @Answers(200, OutboxReply)
  takeAlerts(@WhichNode() node: NodePrincipal, @Body({ schema: OutboxRequest }) body: Sent): Promise<Taken> {
    return this.takeIn(node, body);
  }

  /** The same under another address, so that one kind need not wait for the other. */
  @Post('agent/results')
  @ForNodes()
  @Answers(200, OutboxReply)
  takeResults(@WhichNode() node: NodePrincipal, @Body({ schema: OutboxRequest }) body: Sent): Promise<Taken> {
    return this.takeIn(node, body);
  }

  private takeIn({ organization, node }: NodePrincipal, sent: Sent): Promise<Taken> {
    this.presence.heard(organization, node);
    return this.outbox.recordAll(organization, node, sent);
  }
}
