/**
 * What happened, as one timeline: the audit log, alerts and the ends of deployments, newest first, with what is
 * alike and near in time told as one. Pure.
 */
import type { Alert, AuditEntry, Deployment } from '@millrace/schemas';
import type { Standing } from '../ui/state.js';
import { many } from '../ui/units.js';

export type Room = 'flows' | 'catalogue' | 'fleet' | 'deployments' | 'alerts' | 'access';

/** One thing that happened. */
export interface Event {
  /** Epoch milliseconds. */
  at: number;
  room: Room;
  /** Of the audit log: who did it. */
  actor?: string;
  is?: Standing;
  says: string;
  to: string;
  /** Events of one kind become one entry; without it an event stands alone. */
  kind?: string;
  /** Of several: what stands before the number's things, such as `3 nodes joined`. */
  sayMany?(events: readonly Event[]): string;
  /** Named in an entry of several. */
  name?: string;
}

export interface Entry extends Event {
  /** When the oldest of it happened. */
  since: number;
  count: number;
  key: string;
}

const NEAR_MS = 15 * 60_000;
const NAMED = 3;

export function timelineOf(events: readonly Event[], most: number): Entry[] {
  const groups: Event[][] = [];
  for (const event of events.toSorted((a, b) => b.at - a.at)) {
    const alike =
      event.kind === undefined
        ? undefined
        : groups.find((group) => sameKind(group[0]!, event) && group.at(-1)!.at - event.at <= NEAR_MS);
    if (alike) alike.push(event);
    else groups.push([event]);
  }
  return groups.slice(0, most).map((group, index) => {
    const newest = group[0]!;
    const says = group.length > 1 ? (newest.sayMany?.(group) ?? newest.says) : newest.says;
    const since = group.at(-1)!.at;
    return {
      ...newest,
      says,
      since,
      count: group.length,
      key: `${newest.kind ?? newest.says} ${since} ${index}`,
    };
  });
}

const sameKind = (a: Event, b: Event): boolean => a.kind === b.kind && a.actor === b.actor;

export function alertEvents(alerts: readonly Alert[]): Event[] {
  return alerts.map((alert) => ({
    at: Date.parse(alert.receivedAt),
    room: 'alerts',
    is: alert.state === 'cleared' ? 'off' : alert.severity === 'info' ? 'look' : 'broken',
    says: `${alert.flow} on ${alert.nodeName}: ${alert.message}`,
    to: `/alerts/${alert.id}`,
    kind: `alert ${alert.flow} ${alert.module}`,
    name: alert.nodeName,
    sayMany: (events) =>
      `${alert.flow} raised ${many(events.length, 'alert')} on ${namesOf(events)}: ${alert.message}`,
  }));
}

const ENDS: Partial<Record<Deployment['state'], { word: string; is: Standing }>> = {
  succeeded: { word: 'runs on', is: 'good' },
  partial: { word: 'runs on a part of', is: 'look' },
  'rolled-back': { word: 'was rolled back on', is: 'look' },
  failed: { word: 'failed on', is: 'broken' },
  aborted: { word: 'was aborted on', is: 'off' },
};

export function deploymentEvents(deployments: readonly Deployment[]): Event[] {
  return deployments.flatMap(({ id, state, endedAt, flow, version, groupName, targets }): Event[] => {
    const end = ENDS[state];
    if (endedAt === null || end === undefined) return [];
    const counts = ` (${targets.succeeded} of ${many(targets.total, 'node')})`;
    const says = `${flow}@${version} ${end.word} ${groupName}${counts}`;
    return [{ at: Date.parse(endedAt), room: 'deployments', is: end.is, says, to: `/deployments/${id}` }];
  });
}

type Told = Omit<Event, 'at' | 'room' | 'actor'>;
type Teller = (subject: string, details: Readonly<Record<string, unknown>>, id: string) => Told;

const several =
  (verb: string, one: string) =>
  (events: readonly Event[]): string =>
    `${verb} ${many(events.length, one)}: ${namesOf(events)}`;
const flow = (name: string) => `/flows/${encodeURIComponent(name)}`;
const text = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** What is left out is how something else came about, or concerns only who did it, such as signing in. */
const TELLERS: Readonly<Record<string, Teller>> = {
  'flows.create': (name) => ({ says: `began the flow ${name}`, to: flow(name) }),
  'flows.save-draft': (name) => ({
    says: `saved the draft of ${name}`,
    to: flow(name),
    kind: `save ${name}`,
    sayMany: (events) => `saved the draft of ${name} ${events.length} times`,
  }),
  'flows.publish': (name, { version }) => ({
    says: `published ${name}@${text(version)}`,
    to: `${flow(name)}/versions?to=${text(version)}`,
  }),
  'flows.remove': (name) => ({ says: `removed the flow ${name}`, to: '/flows' }),
  'catalogue.seal': (name, { version }) => ({
    says: `${name}@${text(version)} is in the catalogue`,
    to: `/catalogue/${encodeURIComponent(name)}`,
    kind: 'seal',
    name: `${name}@${text(version)}`,
    sayMany: (events) => `${many(events.length, 'version')} came into the catalogue: ${namesOf(events)}`,
  }),
  'catalogue.move-alias': (name, { alias, to }) => ({
    says: `moved ${text(alias)} of ${name} to @${text(to)}`,
    to: `/catalogue/${encodeURIComponent(name)}`,
    kind: `alias ${text(alias)}`,
    name,
    sayMany: several(`moved ${text(alias)} of`, 'resource'),
  }),
  'catalogue.remove': (name) => ({ says: `removed the resource ${name}`, to: '/catalogue' }),
  'fleet.join': (_, { name }, id) => ({
    says: `${text(name)} joined`,
    to: `/nodes/${id}`,
    kind: 'join',
    name: text(name),
    sayMany: (events) => `${many(events.length, 'node')} joined: ${namesOf(events)}`,
  }),
  'fleet.create-group': (_, { name }, id) => ({
    says: `made the group ${text(name)}`,
    to: `/nodes/groups/${id}`,
    kind: 'create-group',
    name: text(name),
    sayMany: several('made', 'group'),
  }),
  'fleet.change-group': (_, __, id) => ({ says: 'changed a group', to: `/nodes/groups/${id}` }),
  'fleet.remove-group': () => ({ says: 'removed a group', to: '/nodes/groups' }),
  'fleet.change-node': (_, { name }, id) => ({
    says: `changed the node ${text(name)}`.trim(),
    to: `/nodes/${id}`,
    kind: 'change-node',
    sayMany: (events) => `changed nodes ${events.length} times`,
  }),
  'fleet.remove-node': (_, { name }) => ({ says: `removed the node ${text(name)}`, to: '/nodes' }),
  'fleet.revoke-node': (_, __, id) => ({ says: 'revoked a node', to: `/nodes/${id}` }),
  'deployments.deploy': (_, { flow: name, version, group, nodes }, id) => ({
    is: 'busy',
    says: `deployed ${text(name)}@${text(version)} to ${text(group)} (${many(Number(nodes), 'node')})`,
    to: `/deployments/${id}`,
  }),
  'deployments.undeploy': (_, { flow: name, nodes }) => ({
    says: `undeployed ${text(name)} (${many(Number(nodes), 'node')})`,
    to: '/deployments?tab=assignments',
  }),
  'deployments.pause': (_, __, id) => ({ says: 'paused a deployment', to: `/deployments/${id}` }),
  'deployments.resume': (_, __, id) => ({ says: 'resumed a deployment', to: `/deployments/${id}` }),
  'deployments.retry': (_, __, id) => ({ says: 'retried a deployment', to: `/deployments/${id}` }),
  'deployments.rollback': (_, __, id) => ({ says: 'rolled a deployment back', to: `/deployments/${id}` }),
  'deployments.abort': (_, __, id) => ({ says: 'aborted a deployment', to: `/deployments/${id}` }),
  'alerts.acknowledge': (_, __, id) => ({
    says: 'acknowledged an alert',
    to: `/alerts/${id}`,
    kind: 'acknowledge',
    sayMany: (events) => `acknowledged ${many(events.length, 'alert')}`,
  }),
  'access.create-user': () => ({ says: 'added a person', to: '/settings/people' }),
  'access.remove-user': () => ({ says: 'removed a person', to: '/settings/people' }),
  'access.create-token': () => ({ says: 'made an API token', to: '/settings/tokens' }),
};

export function auditEvents(entries: readonly AuditEntry[]): Event[] {
  return entries.flatMap(({ at, actor, action, subject, details }): Event[] => {
    const teller = TELLERS[action];
    if (teller === undefined) return [];
    const name = subject.slice(subject.indexOf(':') + 1);
    const told = teller(name, details, encodeURIComponent(name));
    return [{ ...told, at: Date.parse(at), room: action.split('.')[0] as Room, actor }];
  });
}

/** Each name once; the first few, and how many more. */
function namesOf(events: readonly Event[]): string {
  const names = [...new Set(events.flatMap(({ name }) => (name === undefined ? [] : [name])))];
  const more = names.length - NAMED;
  return more > 0 ? `${names.slice(0, NAMED).join(', ')} and ${more} more` : names.join(', ');
}
