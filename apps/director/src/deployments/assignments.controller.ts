import { Controller, Delete, Get, Param, Query } from '@nestjs/common';
import { Assignment, AssignmentList, AssignmentQuery } from '@millrace/schemas';
import { Needs } from '../access/guard.js';
import { Who, type Principal } from '../access/principal.js';
import { Answers, AnswersNothing } from '../platform/http/answers.js';
import { AssignmentsService } from './assignments.service.js';

@Controller('v1/assignments')
export class AssignmentsController {
  constructor(private readonly assignments: AssignmentsService) {}

  @Get()
  @Needs('deployments.read')
  @Answers(200, AssignmentList)
  list(@Who() who: Principal, @Query({ schema: AssignmentQuery }) query: AssignmentQuery) {
    return this.assignments.list(who, query);
  }

  @Get(':id')
  @Needs('deployments.read')
  @Answers(200, Assignment)
  get(@Who() who: Principal, @Param('id') id: string): Promise<Assignment> {
    return this.assignments.get(who, id);
  }

  /** Undeploy. */
  @Delete(':id')
  @Needs('deployments.write')
  @AnswersNothing()
  remove(@Who() who: Principal, @Param('id') id: string): Promise<void> {
    return this.assignments.remove(who, id);
  }
}
