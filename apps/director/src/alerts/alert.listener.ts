/** Alerts and results from the broker: taken in, and acknowledged once they are committed. */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { NodeLink } from '../fleet/node-link.js';
import { Presence } from '../fleet/presence.js';
import { OutboxService } from './outbox.service.js';

@Injectable()
export class AlertListener implements OnModuleInit {
  constructor(
    private readonly link: NodeLink,
    private readonly outbox: OutboxService,
    private readonly presence: Presence,
  ) {}

  onModuleInit(): void {
    this.link.on('alert', async (alert, { organization, node }) => {
      this.presence.heard(organization, node);
      const through = await this.outbox.recordAlerts(organization, node, [alert]);
      await this.link.publish({ organization, node }, 'ack', { channel: 'alert', through });
    });
    this.link.on('result', async (result, { organization, node }) => {
      this.presence.heard(organization, node);
      const through = await this.outbox.recordResults(organization, node, [result]);
      await this.link.publish({ organization, node }, 'ack', { channel: 'result', through });
    });
  }
}
