/** The whole REST API, a room a property, with the names of the rooms. */
import { accessOf } from './access.js';
import { alertsOf } from './alerts.js';
import { catalogueOf } from './catalogue.js';
import { deploymentsOf } from './deployments.js';
import { eventsOf } from './events.js';
import { fleetOf } from './fleet.js';
import { flowsOf } from './flows.js';
import { overviewOf } from './overview.js';
import { promotionsOf } from './promotions.js';
import { http, type ClientOptions } from './http.js';

export function client(options: ClientOptions) {
  const line = http(options);
  return {
    url: line.url,
    http: line,
    access: accessOf(line),
    flows: flowsOf(line),
    catalogue: catalogueOf(line),
    fleet: fleetOf(line),
    deployments: deploymentsOf(line),
    promotions: promotionsOf(line),
    alerts: alertsOf(line),
    overview: overviewOf(line),
    events: eventsOf(line),
  };
}

export type Client = ReturnType<typeof client>;
