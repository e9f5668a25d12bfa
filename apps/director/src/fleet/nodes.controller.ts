import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import {
  CountQuery,
  FilteredPageQuery,
  FlowRates,
  Node,
  NodeChange,
  NodeCount,
  NodeHistory,
  NodeHistoryQuery,
  NodeList,
  NodeLoad,
  NodeMetrics,
} from '@millrace/schemas';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { Answers, AnswersNothing } from '../platform/http/answers.js';
import { NodesService } from './nodes.service.js';

@Controller('v1')
export class NodesController {
  constructor(private readonly nodes: NodesService) {}

  @Get('nodes')
  @Needs('fleet.read')
  @Answers(200, NodeList)
  list(@Who() who: Principal, @Query({ schema: FilteredPageQuery }) query: FilteredPageQuery) {
    return this.nodes.list(who, query);
  }

  /** How many the filter chooses, so that a list knows its length. */
  @Get('nodes::count')
  @Needs('fleet.read')
  @Answers(200, NodeCount)
  count(@Who() who: Principal, @Query({ schema: CountQuery }) query: CountQuery): Promise<NodeCount> {
    return this.nodes.count(who, query);
  }

  /** By id or name, as in all routes of a node. */
  @Get('nodes/:id')
  @Needs('fleet.read')
  @Answers(200, Node)
  get(@Who() who: Principal, @Param('id') id: string): Promise<Node> {
    return this.nodes.get(who, id);
  }

  @Patch('nodes/:id')
  @Needs('fleet.write')
  @Answers(200, Node)
  change(
    @Who() who: Principal,
    @Param('id') id: string,
    @Body({ schema: NodeChange }) body: NodeChange,
  ): Promise<Node> {
    return this.nodes.change(who, id, body);
  }

  @Delete('nodes/:id')
  @Needs('fleet.write')
  @AnswersNothing()
  remove(@Who() who: Principal, @Param('id') id: string): Promise<void> {
    return this.nodes.remove(who, id);
  }

  @Post('nodes/:id(^[^:]+)::revoke')
  @Needs('fleet.write')
  @Answers(200, Node)
  revoke(@Who() who: Principal, @Param('id') id: string): Promise<Node> {
    return this.nodes.revoke(who, id);
  }

  @Get('nodes/:id/history')
  @Needs('fleet.read')
  @Answers(200, NodeHistory)
  history(
    @Who() who: Principal,
    @Param('id') id: string,
    @Query({ schema: NodeHistoryQuery }) query: NodeHistoryQuery,
  ) {
    return this.nodes.history(who, id, query);
  }

  @Get('nodes/:id/metrics')
  @Needs('fleet.read')
  @Answers(200, NodeMetrics)
  metrics(@Who() who: Principal, @Param('id') id: string): Promise<NodeMetrics> {
    return this.nodes.metrics(who, id);
  }

  /** Of one flow on it, the last hour by the minute. */
  @Get('nodes/:id/flows/:flow/rates')
  @Needs('fleet.read')
  @Answers(200, FlowRates)
  flowRates(@Who() who: Principal, @Param('id') id: string, @Param('flow') flow: string): Promise<FlowRates> {
    return this.nodes.flowRates(who, id, flow);
  }

  /** Of the node itself, the last hour by the minute. */
  @Get('nodes/:id/load')
  @Needs('fleet.read')
  @Answers(200, NodeLoad)
  load(@Who() who: Principal, @Param('id') id: string): Promise<NodeLoad> {
    return this.nodes.load(who, id);
  }
}
