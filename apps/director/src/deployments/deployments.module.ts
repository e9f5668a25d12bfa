/** The room `deployments`: bringing flow versions to nodes, and what stays behind. */
import { Global, Module } from '@nestjs/common';
import { BytesInUse } from '../catalogue/bytes-in-use.js';
import { CatalogueModule } from '../catalogue/catalogue.module.js';
import { FleetModule } from '../fleet/fleet.module.js';
import { GroupUsers } from '../fleet/group-users.js';
import { FlowUsage } from '../flows/flow-usage.js';
import { FlowsModule } from '../flows/flows.module.js';
import { AgentController } from './agent.controller.js';
import { AssignmentsController } from './assignments.controller.js';
import { AssignmentsService } from './assignments.service.js';
import { AssignmentsStore } from './assignments.store.js';
import { Deploying } from './deploying.js';
import { DeploymentMovesStore } from './deployment-moves.store.js';
import { DeploymentsController } from './deployments.controller.js';
import { DeploymentsJob } from './deployments.job.js';
import { DeploymentsReader } from './deployments.reader.js';
import { DeploymentsService } from './deployments.service.js';
import { DeploymentsStore } from './deployments.store.js';
import { DesiredStates } from './desired.js';
import { DesiredStore } from './desired.store.js';
import { Dispatch } from './dispatch.js';
import { DeploymentEvents } from './events.js';
import { FlowsInUse, GroupsInUse, ReleasesInUse } from './in-use.js';
import { LineageController } from './lineage.controller.js';
import { LineageService } from './lineage.service.js';
import { Memberships } from './memberships.js';
import { NodeDesiredService } from './node-desired.service.js';
import { Planning } from './planning.js';
import { PromotionDrawing } from './promotion-drawing.js';
import { PromotionsController } from './promotions.controller.js';
import { PromotionsService } from './promotions.service.js';
import { PromotionsStore } from './promotions.store.js';
import { Releases } from './releases.js';
import { ReportListener } from './report.listener.js';
import { ReportsService } from './reports.service.js';
import { Rollouts } from './rollouts.js';

@Global()
@Module({
  imports: [CatalogueModule, FlowsModule, FleetModule],
  controllers: [
    AgentController,
    AssignmentsController,
    DeploymentsController,
    LineageController,
    PromotionsController,
  ],
  providers: [
    AssignmentsService,
    AssignmentsStore,
    Deploying,
    DeploymentEvents,
    DeploymentMovesStore,
    DeploymentsJob,
    DeploymentsReader,
    DeploymentsService,
    DeploymentsStore,
    DesiredStates,
    DesiredStore,
    Dispatch,
    LineageService,
    Memberships,
    NodeDesiredService,
    Planning,
    PromotionDrawing,
    PromotionsService,
    PromotionsStore,
    Releases,
    ReportListener,
    ReportsService,
    Rollouts,
    { provide: BytesInUse, useClass: ReleasesInUse },
    { provide: GroupUsers, useClass: GroupsInUse },
    { provide: FlowUsage, useClass: FlowsInUse },
  ],
  // Global for BytesInUse, GroupUsers and FlowUsage alone: others ask before they delete.
  exports: [BytesInUse, DeploymentsReader, FlowUsage, GroupUsers],
})
export class DeploymentsModule {}
