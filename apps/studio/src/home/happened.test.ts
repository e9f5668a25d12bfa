import type { Alert, AuditEntry, Deployment } from '@millrace/schemas';
import { alertEvents, auditEvents, deploymentEvents, timelineOf } from './happened.js';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const audit = (minute: number, action: string, subject: string, details = {}, actor = 'user:anna') =>
  ({ at: at(minute), action, subject, details, actor }) as AuditEntry;
const alert = (minute: number, nodeName: string, state: Alert['state'] = 'cleared') =>
  ({
    id: nodeName,
    receivedAt: at(minute),
    flow: 'cooler',
    module: 'rule',
    nodeName,
    state,
    severity: 'high',
    message: 'Hot',
  }) as Alert;

describe('what happened', () => {
  it('tells what is alike and near in time as one, where the newest of it stands', () => {
    const events = [
      ...auditEvents([
        audit(9, 'fleet.join', 'node:n3', { name: 'c' }, 'system'),
        audit(8, 'flows.save-draft', 'flow:pump'),
        audit(7, 'fleet.join', 'node:n2', { name: 'b' }, 'system'),
        audit(6, 'flows.save-draft', 'flow:pump', {}, 'user:ben'),
        audit(5, 'flows.save-draft', 'flow:pump'),
      ]),
    ];
    expect(timelineOf(events, 10).map(({ says, count }) => [says, count])).toEqual([
      ['2 nodes joined: c, b', 2],
      ['saved the draft of pump 2 times', 2],
      ['saved the draft of pump', 1],
    ]);
  });

  it('begins anew after a while', () => {
    const saves = [40, 30, 5].map((minute) => audit(minute, 'flows.save-draft', 'flow:pump'));
    expect(timelineOf(auditEvents(saves), 10).map(({ count }) => count)).toEqual([2, 1]);
  });

  it('says alerts by what raised them, each node once', () => {
    const alerts = ['a', 'b', 'a', 'c', 'd', 'e'].map((node, minute) => alert(minute, node));
    const [entry, ...more] = timelineOf(alertEvents(alerts), 10);
    expect(more).toEqual([]);
    expect(entry!.says).toBe('cooler raised 6 alerts on e, d, c and 2 more: Hot');
    expect(entry!.is).toBe('off');
    expect(alertEvents([alert(0, 'a', 'raised')])[0]!.is).toBe('broken');
  });

  it('tells how deployments ended, and nothing of those that go on', () => {
    const one = {
      id: 'd1',
      flow: 'pump',
      version: 2,
      groupName: 'line',
      targets: { succeeded: 1, total: 2 },
    };
    const ended = { ...one, state: 'partial', endedAt: at(1) } as Deployment;
    const rolling = { ...one, state: 'rolling', endedAt: null } as Deployment;
    expect(deploymentEvents([ended, rolling]).map(({ says }) => says)).toEqual([
      'pump@2 runs on a part of line (1 of 2 nodes)',
    ]);
  });

  it('leaves out how something came about, and goes where it was', () => {
    const events = auditEvents([
      audit(1, 'access.sign-in', 'user:anna'),
      audit(2, 'catalogue.begin-upload', 'resource:m'),
      audit(3, 'flows.publish', 'flow:my pump', { version: 3 }),
    ]);
    expect(events.map(({ says, to }) => [says, to])).toEqual([
      ['published my pump@3', '/flows/my%20pump/versions?to=3'],
    ]);
  });
});
