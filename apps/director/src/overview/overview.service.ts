/** Asks the readers of all rooms in one transaction: six questions, however many nodes there are. */
import { Injectable } from '@nestjs/common';
import type { Overview } from '@millrace/schemas';
import type { Principal } from '../access/principal.js';
import { AlertsReader } from '../alerts/alerts.reader.js';
import { DeploymentsReader } from '../deployments/deployments.reader.js';
import { FleetReader } from '../fleet/fleet.reader.js';
import { hourOf, MINUTE_MS } from '../fleet/minutes.js';
import { FlowsReader } from '../flows/flows.reader.js';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/database/database.js';
import { overviewOf } from './overview.js';

@Injectable()
export class OverviewService {
  constructor(
    private readonly database: Database,
    private readonly flows: FlowsReader,
    private readonly fleet: FleetReader,
    private readonly deployments: DeploymentsReader,
    private readonly alerts: AlertsReader,
    private readonly clock: Clock,
  ) {}

  get(who: Principal): Promise<Overview> {
    const hour = hourOf(this.clock.now());
    const [from, to] = [hour.from, hour.to].map((minute) => new Date(minute * MINUTE_MS)) as [Date, Date];
    return this.database.withinSql(who.organization, async (tx) =>
      overviewOf({
        hour,
        glance: await this.fleet.glance(tx, hour.from, hour.to),
        versions: await this.flows.latestVersions(tx),
        underway: await this.deployments.underway(tx),
        open: await this.alerts.open(tx),
        raised: await this.alerts.raisedByMinute(tx, from, to),
      }),
    );
  }
}
