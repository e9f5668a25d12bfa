import { Controller, Get, Query } from '@nestjs/common';
import { AuditList, AuditQuery } from '@millrace/schemas';
import { Answers } from '../platform/http/answers.js';
import { Audit } from './audit.js';
import { Needs } from './guard.js';
import { Who, type Principal } from './principal.js';

@Controller('v1/audit')
export class AuditController {
  constructor(private readonly audit: Audit) {}

  @Get()
  @Needs('audit.read')
  @Answers(200, AuditList)
  list(@Who() who: Principal, @Query({ schema: AuditQuery }) query: AuditQuery) {
    return this.audit.list(who.organization, query);
  }
}
