/** Reports from the broker: the same use case as over HTTPS. */
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { NodeLink } from '../fleet/node-link.js';
import { Presence } from '../fleet/presence.js';
import { ReportsService } from './reports.service.js';

@Injectable()
export class ReportListener implements OnModuleInit {
  constructor(
    private readonly link: NodeLink,
    private readonly reports: ReportsService,
    private readonly presence: Presence,
  ) {}

  onModuleInit(): void {
    this.link.on('report', async (report, { organization, node }) => {
      this.presence.heard(organization, node);
      await this.reports.recordReport(organization, node, report);
    });
  }
}
