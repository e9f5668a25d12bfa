import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import {
  Group,
  GroupChange,
  GroupCreate,
  GroupList,
  GroupPreview,
  GroupPreviewRequest,
  NodeNameList,
  PageQuery,
} from '@millrace/schemas';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { Answers, AnswersNothing } from '../platform/http/answers.js';
import { GroupsService } from './groups.service.js';

@Controller('v1')
export class GroupsController {
  constructor(private readonly groups: GroupsService) {}

  @Get('groups')
  @Needs('fleet.read')
  @Answers(200, GroupList)
  list(@Who() who: Principal, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.groups.list(who, query);
  }

  @Post('groups')
  @Needs('fleet.write')
  @Answers(201, Group)
  create(@Who() who: Principal, @Body({ schema: GroupCreate }) body: GroupCreate): Promise<Group> {
    return this.groups.create(who, body);
  }

  @Post('groups::preview')
  @Needs('fleet.read')
  @Answers(200, GroupPreview)
  preview(
    @Who() who: Principal,
    @Body({ schema: GroupPreviewRequest }) body: GroupPreviewRequest,
  ): Promise<GroupPreview> {
    return this.groups.preview(who, body.selector);
  }

  /** By id or name, as in all routes of a group. */
  @Get('groups/:id')
  @Needs('fleet.read')
  @Answers(200, Group)
  get(@Who() who: Principal, @Param('id') id: string): Promise<Group> {
    return this.groups.get(who, id);
  }

  @Patch('groups/:id')
  @Needs('fleet.write')
  @Answers(200, Group)
  change(
    @Who() who: Principal,
    @Param('id') id: string,
    @Body({ schema: GroupChange }) body: GroupChange,
  ): Promise<Group> {
    return this.groups.change(who, id, body);
  }

  @Delete('groups/:id')
  @Needs('fleet.write')
  @AnswersNothing()
  remove(@Who() who: Principal, @Param('id') id: string): Promise<void> {
    return this.groups.remove(who, id);
  }

  @Get('groups/:id/nodes')
  @Needs('fleet.read')
  @Answers(200, NodeNameList)
  members(@Who() who: Principal, @Param('id') id: string, @Query({ schema: PageQuery }) query: PageQuery) {
    return this.groups.members(who, id, query);
  }
}
