import { Body, Controller, Delete, Get, Param, Post, Put, Query, Res } from '@nestjs/common';
import { ApiConsumes, ApiResponse } from '@nestjs/swagger';
import {
  Flow,
  FlowCheck,
  FlowChecked,
  FlowCreate,
  FlowDiffQuery,
  FlowDiffReply,
  FlowDraft,
  FlowDraftSave,
  FlowDraftSaves,
  FlowList,
  FlowPublish,
  FlowVersion,
  FlowVersionDetails,
  FlowVersionList,
  PageQuery,
  VersionNumber,
} from '@millrace/schemas';
import type { FastifyReply } from 'fastify';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { Answers, AnswersNothing } from '../platform/http/answers.js';
import { IfMatch, withEtag } from '../platform/http/etag.js';
import { FlowsService } from './flows.service.js';
import { PublishingService } from './publishing.service.js';

@Controller('v1/flows')
export class FlowsController {
  constructor(
    private readonly flows: FlowsService,
    private readonly publishing: PublishingService,
  ) {}

  @Get()
  @Needs('flows.read')
  @Answers(200, FlowList)
  list(@Who() who: Principal, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.flows.list(who, query);
  }

  @Post()
  @Needs('flows.write')
  @Answers(201, Flow)
  create(@Who() who: Principal, @Body({ schema: FlowCreate }) body: FlowCreate): Promise<Flow> {
    return this.flows.create(who, body);
  }

  @Get(':name')
  @Needs('flows.read')
  @Answers(200, Flow)
  get(@Who() who: Principal, @Param('name') name: string): Promise<Flow> {
    return this.flows.get(who, name);
  }

  @Delete(':name')
  @Needs('flows.write')
  @AnswersNothing()
  remove(@Who() who: Principal, @Param('name') name: string): Promise<void> {
    return this.flows.remove(who, name);
  }

  @Get(':name/draft')
  @Needs('flows.read')
  @Answers(200, FlowDraft)
  async draft(
    @Who() who: Principal,
    @Param('name') name: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const draft = await this.flows.draft(who, name);
    return withEtag(reply, draft.revision, draft);
  }

  /** Also as text: application/yaml, or `{text}`. */
  @Put(':name/draft')
  @Needs('flows.write')
  @ApiConsumes('application/json', 'application/yaml')
  @Answers(200, FlowDraft)
  async saveDraft(
    @Who() who: Principal,
    @Param('name') name: string,
    @IfMatch() ifMatch: string | undefined,
    @Body({ schema: FlowDraftSave }) body: FlowDraftSave,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const draft = await this.flows.saveDraft(who, name, ifMatch, body);
    return withEtag(reply, draft.revision, draft);
  }

  @Get(':name/drafts')
  @Needs('flows.read')
  @Answers(200, FlowDraftSaves)
  saves(@Who() who: Principal, @Param('name') name: string, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.flows.saves(who, name, query);
  }

  @Get(':name/drafts/:revision')
  @Needs('flows.read')
  @Answers(200, FlowDraft)
  saved(
    @Who() who: Principal,
    @Param('name') name: string,
    @Param('revision', { schema: VersionNumber }) revision: number,
  ) {
    return this.flows.saved(who, name, revision);
  }

  @Post(':name(^[^:]+)::check')
  @Needs('flows.read')
  @ApiConsumes('application/json', 'application/yaml')
  @Answers(200, FlowChecked)
  check(
    @Who() who: Principal,
    @Param('name') name: string,
    @Body({ schema: FlowCheck }) body: FlowCheck,
  ): Promise<FlowChecked> {
    return this.flows.check(who, name, body);
  }

  @Get(':name(^[^:]+)::diff')
  @Needs('flows.read')
  @Answers(200, FlowDiffReply)
  diff(
    @Who() who: Principal,
    @Param('name') name: string,
    @Query({ schema: FlowDiffQuery }) query: FlowDiffQuery,
  ): Promise<FlowDiffReply> {
    return this.flows.diff(who, name, query);
  }

  /** 200 when the newest version is the same already. */
  @Post(':name(^[^:]+)::publish')
  @Needs('flows.write')
  @Answers(201, FlowVersion)
  @ApiResponse({ status: 200, standardSchema: FlowVersion })
  async publish(
    @Who() who: Principal,
    @Param('name') name: string,
    @Body({ schema: FlowPublish }) body: FlowPublish,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FlowVersion> {
    const { version, made } = await this.publishing.publish(who, name, body);
    void reply.status(made ? 201 : 200);
    return version;
  }

  @Get(':name/versions')
  @Needs('flows.read')
  @Answers(200, FlowVersionList)
  versions(
    @Who() who: Principal,
    @Param('name') name: string,
    @Query({ schema: PageQuery }) query: PageQuery,
  ) {
    return this.publishing.versions(who, name, query);
  }

  @Get(':name/versions/:version')
  @Needs('flows.read')
  @Answers(200, FlowVersionDetails)
  version(
    @Who() who: Principal,
    @Param('name') name: string,
    @Param('version', { schema: VersionNumber }) version: number,
  ): Promise<FlowVersionDetails> {
    return this.publishing.version(who, name, version);
  }
}
