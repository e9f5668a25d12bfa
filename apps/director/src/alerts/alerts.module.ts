/** The room `alerts`: what flows say a person should know, and the results they send up. */
import { Module } from '@nestjs/common';
import { FleetModule } from '../fleet/fleet.module.js';
import { AlertListener } from './alert.listener.js';
import { AlertsController } from './alerts.controller.js';
import { AlertsReader } from './alerts.reader.js';
import { AlertsService } from './alerts.service.js';
import { AlertsStore } from './alerts.store.js';
import { OutboxService } from './outbox.service.js';

@Module({
  imports: [FleetModule],
  controllers: [AlertsController],
  providers: [AlertListener, AlertsReader, AlertsService, AlertsStore, OutboxService],
  exports: [AlertsReader],
})
export class AlertsModule {}
