/** The room `overview`: how everything stands, on one page. It asks all the others and owns nothing. */
import { Module } from '@nestjs/common';
import { AlertsModule } from '../alerts/alerts.module.js';
import { DeploymentsModule } from '../deployments/deployments.module.js';
import { FleetModule } from '../fleet/fleet.module.js';
import { FlowsModule } from '../flows/flows.module.js';
import { OverviewController } from './overview.controller.js';
import { OverviewService } from './overview.service.js';

@Module({
  imports: [FlowsModule, FleetModule, DeploymentsModule, AlertsModule],
  controllers: [OverviewController],
  providers: [OverviewService],
})
export class OverviewModule {}
