/** Presence and metrics from the broker: the thin door to what is kept in memory. */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { NodeLink } from './node-link.js';
import { Presence } from './presence.js';

@Injectable()
export class PresenceListener implements OnModuleInit {
  constructor(
    private readonly link: NodeLink,
    private readonly presence: Presence,
  ) {}

  onModuleInit(): void {
    this.link.on('presence', ({ state }, { organization, node }) => {
      if (state === 'online') this.presence.heard(organization, node);
      else this.presence.left(organization, node);
    });
    this.link.on('metrics', (metrics, { organization, node }) => {
      this.presence.heard(organization, node, metrics);
    });
  }
}
