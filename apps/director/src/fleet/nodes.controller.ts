import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import {
  FilteredPageQuery,
  Node,
  NodeChange,
  NodeHistory,
  NodeList,
  NodeMetrics,
  PageQuery,
} from '@millrace/schemas';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { Answers, AnswersNothing } from '../platform/http/answers.js';
import { NodesService } from './nodes.service.js';

@Controller('v1/nodes')
export class NodesController {
  constructor(private readonly nodes: NodesService) {}

  @Get()
  @Needs('fleet.read')
  @Answers(200, NodeList)
  list(@Who() who: Principal, @Query({ schema: FilteredPageQuery }) query: FilteredPageQuery) {
    return this.nodes.list(who, query);
  }

  /** By id or name, as in all routes of a node. */
  @Get(':id')
  @Needs('fleet.read')
  @Answers(200, Node)
  get(@Who() who: Principal, @Param('id') id: string): Promise<Node> {
    return this.nodes.get(who, id);
  }

  @Patch(':id')
  @Needs('fleet.write')
  @Answers(200, Node)
  change(
    @Who() who: Principal,
    @Param('id') id: string,
    @Body({ schema: NodeChange }) body: NodeChange,
  ): Promise<Node> {
    return this.nodes.change(who, id, body);
  }

  @Delete(':id')
  @Needs('fleet.write')
  @AnswersNothing()
  remove(@Who() who: Principal, @Param('id') id: string): Promise<void> {
    return this.nodes.remove(who, id);
  }

  @Post(':id(^[^:]+)::revoke')
  @Needs('fleet.write')
  @Answers(200, Node)
  revoke(@Who() who: Principal, @Param('id') id: string): Promise<Node> {
    return this.nodes.revoke(who, id);
  }

  @Get(':id/history')
  @Needs('fleet.read')
  @Answers(200, NodeHistory)
  history(@Who() who: Principal, @Param('id') id: string, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.nodes.history(who, id, query);
  }

  @Get(':id/metrics')
  @Needs('fleet.read')
  @Answers(200, NodeMetrics)
  metrics(@Who() who: Principal, @Param('id') id: string): Promise<NodeMetrics> {
    return this.nodes.metrics(who, id);
  }
}
