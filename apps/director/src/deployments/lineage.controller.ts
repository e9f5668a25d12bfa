import { Controller, Get, Param, Query } from '@nestjs/common';
import {
  NodeRunList,
  NodeRunQuery,
  ResourceLineage,
  ResourceNodeList,
  ResourceNodeQuery,
  VersionNumber,
} from '@millrace/schemas';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { Answers } from '../platform/http/answers.js';
import { LineageService } from './lineage.service.js';

@Controller('v1')
export class LineageController {
  constructor(private readonly lineages: LineageService) {}

  /** Who made it, of what, what locks it, which nodes run it. */
  @Get('resources/:name/versions/:version/lineage')
  @Needs('catalogue.read')
  @Answers(200, ResourceLineage)
  lineage(
    @Who() who: Principal,
    @Param('name') name: string,
    @Param('version', { schema: VersionNumber }) version: number,
  ): Promise<ResourceLineage> {
    return this.lineages.lineage(who, name, version);
  }

  /** Which nodes ran it, from when to when. */
  @Get('resources/:name/versions/:version/nodes')
  @Needs('fleet.read')
  @Answers(200, ResourceNodeList)
  nodes(
    @Who() who: Principal,
    @Param('name') name: string,
    @Param('version', { schema: VersionNumber }) version: number,
    @Query({ schema: ResourceNodeQuery }) query: ResourceNodeQuery,
  ) {
    return this.lineages.nodes(who, name, version, query);
  }

  /** What ran on it, from when to when, with the resources of each version. */
  @Get('nodes/:id/runs')
  @Needs('fleet.read')
  @Answers(200, NodeRunList)
  runs(@Who() who: Principal, @Param('id') id: string, @Query({ schema: NodeRunQuery }) query: NodeRunQuery) {
    return this.lineages.runs(who, id, query);
  }
}
