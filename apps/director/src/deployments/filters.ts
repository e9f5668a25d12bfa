/** What filters of deployments and their targets may name, and what it stands for. Pure. */
import type { Subject } from '@millrace/fleet';
import type { Target } from '@millrace/schemas';
import type { DeploymentRow } from './deployments.store.js';

type Values = Record<string, string | number | boolean | null>;

const subject = (values: Values): Subject => ({
  valueOf: (name) => (Object.hasOwn(values, name) ? values[name] : undefined),
});

export const FILTER_NAMES = ['id', 'state', 'flow', 'version', 'group', 'groupName', 'createdBy'];

export const deploymentSubject = (row: DeploymentRow): Subject =>
  subject({
    id: row.id,
    state: row.state,
    flow: row.flow,
    version: row.version,
    group: row.group_id,
    groupName: row.group_name,
    createdBy: row.created_by,
  });

export const TARGET_NAMES = [
  'node',
  'nodeName',
  'online',
  'wave',
  'progress',
  'outcome',
  'reason',
  'attempt',
];

/** A target without an outcome equals none: `outcome!=succeeded` finds it too. */
export const targetSubject = (target: Target): Subject =>
  subject({
    node: target.node,
    nodeName: target.nodeName,
    online: target.online,
    wave: target.wave,
    progress: target.progress,
    outcome: target.outcome,
    reason: target.reason?.code ?? null,
    attempt: target.attempt,
  });
