import { Body, Controller, Delete, Get, Param, Post, Query, Res } from '@nestjs/common';
import { ApiFoundResponse } from '@nestjs/swagger';
import {
  PageQuery,
  Resource,
  ResourceCreate,
  ResourceList,
  ResourceUsage,
  ResourceVersionDetails,
  ResourceVersionList,
  VersionNumber,
} from '@millrace/schemas';
import type { FastifyReply } from 'fastify';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { Answers, AnswersNothing } from '../platform/http/answers.js';
import { ResourcesService } from './resources.service.js';

@Controller('v1/resources')
export class ResourcesController {
  constructor(private readonly resources: ResourcesService) {}

  @Get()
  @Needs('catalogue.read')
  @Answers(200, ResourceList)
  list(@Who() who: Principal, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.resources.list(who, query);
  }

  @Post()
  @Needs('catalogue.write')
  @Answers(201, Resource)
  create(@Who() who: Principal, @Body({ schema: ResourceCreate }) body: ResourceCreate): Promise<Resource> {
    return this.resources.create(who, body);
  }

  @Get(':name')
  @Needs('catalogue.read')
  @Answers(200, Resource)
  get(@Who() who: Principal, @Param('name') name: string): Promise<Resource> {
    return this.resources.get(who, name);
  }

  @Delete(':name')
  @Needs('catalogue.write')
  @AnswersNothing()
  remove(@Who() who: Principal, @Param('name') name: string): Promise<void> {
    return this.resources.remove(who, name);
  }

  /** Flow versions that are locked to one of its versions. */
  @Get(':name/usage')
  @Needs('catalogue.read')
  @Answers(200, ResourceUsage)
  usage(@Who() who: Principal, @Param('name') name: string, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.resources.usage(who, name, query);
  }

  @Get(':name/versions')
  @Needs('catalogue.read')
  @Answers(200, ResourceVersionList)
  versions(
    @Who() who: Principal,
    @Param('name') name: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.resources.versions(who, name, query);
  }

  @Get(':name/versions/:version')
  @Needs('catalogue.read')
  @Answers(200, ResourceVersionDetails)
  version(
    @Who() who: Principal,
    @Param('name') name: string,
    @Param('version', { schema: VersionNumber }) version: number,
  ): Promise<ResourceVersionDetails> {
    return this.resources.version(who, name, version);
  }

  @Delete(':name/versions/:version')
  @Needs('catalogue.write')
  @AnswersNothing()
  removeVersion(
    @Who() who: Principal,
    @Param('name') name: string,
    @Param('version', { schema: VersionNumber }) version: number,
  ): Promise<void> {
    return this.resources.removeVersion(who, name, version);
  }

  /** Leads to the bytes, for minutes. */
  @Get(':name/versions/:version/content')
  @Needs('catalogue.read')
  @ApiFoundResponse({ description: 'Location is a link to the bytes, for minutes.' })
  async content(
    @Who() who: Principal,
    @Param('name') name: string,
    @Param('version', { schema: VersionNumber }) version: number,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const url = await this.resources.content(who, name, version);
    await reply.header('cache-control', 'no-store').redirect(url, 302);
  }
}
