/** The rooms of the director, in the order in which one may ask another: each only those above it. */
import { Module, type DynamicModule } from '@nestjs/common';
import { AccessModule } from './access/access.module.js';
import { AlertsModule } from './alerts/alerts.module.js';
import { CatalogueModule } from './catalogue/catalogue.module.js';
import { DeploymentsModule } from './deployments/deployments.module.js';
import { FleetModule } from './fleet/fleet.module.js';
import { FlowsModule } from './flows/flows.module.js';
import { OverviewModule } from './overview/overview.module.js';
import { PlatformModule, type Platform } from './platform/platform.module.js';

const rooms = [
  AccessModule,
  CatalogueModule,
  FlowsModule,
  FleetModule,
  DeploymentsModule,
  AlertsModule,
  OverviewModule,
];

@Module({})
export class AppModule {
  static of(platform: Platform): DynamicModule {
    return { module: AppModule, imports: [PlatformModule.of(platform), ...rooms] };
  }
}
