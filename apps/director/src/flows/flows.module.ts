/** The room `flows`: drafts that people edit, and versions that never change. */
import { Global, Inject, Module, UnsupportedMediaTypeException, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { CatalogueModule } from '../catalogue/catalogue.module.js';
import { ResourceUsers } from '../catalogue/resource-users.js';
import { CONFIG } from '../platform/platform.module.js';
import type { Config } from '../platform/config.js';
import { FlowChecks } from './checks.js';
import { FlowsController } from './flows.controller.js';
import { FlowsReader } from './flows.reader.js';
import { FlowsService } from './flows.service.js';
import { FlowsStore } from './flows.store.js';
import { Publication } from './publication.js';
import { PublishingService } from './publishing.service.js';
import { FlowRequirements } from './requirements.js';
import { FlowsUseResources } from './resource-users.js';
import { PrepareController } from './testing/prepare.controller.js';
import { FILE_TYPES, TestFilesController } from './testing/test-files.controller.js';
import { TestFilesJob } from './testing/test-files.job.js';
import { TestFilesService } from './testing/test-files.service.js';
import { TestFilesStore } from './testing/test-files.store.js';
import { TestRunsController } from './testing/test-runs.controller.js';
import { TestRunsService } from './testing/test-runs.service.js';
import { WorkFolders } from './testing/work-folders.js';

@Global()
@Module({
  imports: [CatalogueModule],
  controllers: [FlowsController, PrepareController, TestFilesController, TestRunsController],
  providers: [
    FlowChecks,
    FlowRequirements,
    FlowsReader,
    FlowsService,
    FlowsStore,
    Publication,
    PublishingService,
    TestFilesJob,
    TestFilesService,
    TestFilesStore,
    TestRunsService,
    WorkFolders,
    { provide: ResourceUsers, useClass: FlowsUseResources },
  ],
  // Global for ResourceUsers alone: the catalogue asks it before it deletes.
  exports: [FlowsReader, Publication, ResourceUsers],
})
export class FlowsModule implements OnModuleInit {
  constructor(
    private readonly http: HttpAdapterHost,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** A flow as YAML comes as it is written, so that its comments survive. */
  onModuleInit(): void {
    const server = this.http.httpAdapter.getInstance<FastifyInstance>();
    server.addContentTypeParser(
      ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'],
      { parseAs: 'string', bodyLimit: this.config.maxBodyBytes },
      (_request, body, done) => done(null, body),
    );
    // A test file goes to the disk as it comes; no parser may collect it.
    server.addContentTypeParser(FILE_TYPES, (request, payload, done) => {
      if (request.routeOptions.url === '/v1/test-files') done(null, payload);
      else done(new UnsupportedMediaTypeException());
    });
  }
}
