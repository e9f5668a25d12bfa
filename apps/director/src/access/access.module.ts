/** The room `access`: who is who, who may what, and what was changed by whom. */
import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessStore } from './access.store.js';
import { Audit } from './audit.js';
import { AuditController } from './audit.controller.js';
import { Authentication } from './authentication.js';
import { EventsController } from './events.controller.js';
import { FirstStart } from './first-start.js';
import { AccessGuard } from './guard.js';
import { OrganizationSettings } from './organization-settings.js';
import { SigningKeys } from './keys.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';
import { EventStreams } from './stream.js';
import { TidyJob } from './tidy.job.js';
import { TokensController } from './tokens.controller.js';
import { TokensService } from './tokens.service.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Global()
@Module({
  controllers: [AuditController, EventsController, SessionsController, TokensController, UsersController],
  providers: [
    AccessStore,
    Audit,
    Authentication,
    EventStreams,
    FirstStart,
    OrganizationSettings,
    SessionsService,
    SigningKeys,
    TidyJob,
    TokensService,
    UsersService,
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [Audit, Authentication, EventStreams, FirstStart, OrganizationSettings, SigningKeys],
})
export class AccessModule {}
