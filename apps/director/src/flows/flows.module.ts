/** The room `flows`: drafts that people edit, and versions that never change. */
import { Global, Module } from '@nestjs/common';
import { CatalogueModule } from '../catalogue/catalogue.module.js';
import { ResourceUsers } from '../catalogue/resource-users.js';
import { FlowsReader } from './flows.reader.js';
import { FlowsStore } from './flows.store.js';
import { FlowsUseResources } from './resource-users.js';

@Global()
@Module({
  imports: [CatalogueModule],
  providers: [FlowsReader, FlowsStore, { provide: ResourceUsers, useClass: FlowsUseResources }],
  // Global for ResourceUsers alone: the catalogue asks it before it deletes.
  exports: [FlowsReader, ResourceUsers],
})
export class FlowsModule {}
