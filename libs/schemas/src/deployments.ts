/**
 * Words of the room `deployments`: bringing a flow version to a group of nodes, wave by wave, and the
 * assignment that stays behind. What is left out of a strategy is filled in by the rules (libs/fleet).
 */
import { z } from 'zod';
import { pageOf, PageQuery } from './access.js';
import { FilteredPageQuery } from './fleet.js';
import { Outcome, ParameterValue, Progress, Reason, ReasonCode } from './protocol.js';

const Time = z.iso.datetime();
const Id = z.string().min(1).max(64);
const milliseconds = z.number().int().nonnegative();
const Percent = z.string().regex(/^(?:100|\d{1,2})(?:\.\d{1,3})?%$/, 'a percentage looks like 10% or 2.5%');

/** Nodes so far in all (a number or a percentage, counted from the start), or those that a selector chooses. */
export const Wave = z
  .union([
    z.number().int().min(1).max(1_000_000),
    Percent,
    z.object({ selector: z.string().min(1).max(2_000) }),
  ])
  .meta({ id: 'Wave' });
export type Wave = z.infer<typeof Wave>;

/** What must hold before the next wave may start. */
export const Gate = z
  .object({
    /** Share of the wave's nodes that must run the new version, 0 to 1. Offline nodes are not counted. */
    share: z.number().min(0).max(1).optional(),
    /** How long each of these must have run it. */
    runningForMs: milliseconds.max(30 * 86_400_000).optional(),
    /** More failed nodes than this, or a greater part of those that have started, is a breach. */
    maxFailures: z.union([z.number().int().min(0), Percent]).optional(),
  })
  .meta({ id: 'Gate' });
export type Gate = z.infer<typeof Gate>;

export const Strategy = z
  .object({
    waves: z.array(Wave).min(1).max(50).optional(),
    gate: Gate.optional(),
    onBreach: z.enum(['pause', 'rollback']).optional(),
    /** How long a new version must prove itself on a node while the old one waits. */
    probationMs: milliseconds.max(7 * 86_400_000).optional(),
    /** Errors a record, 0 to 1, above which a node goes back. */
    maxErrorRate: z.number().min(0).max(1).optional(),
    /** A node that was told and has not proved itself by then has failed. */
    timeoutMs: milliseconds
      .min(1_000)
      .max(7 * 86_400_000)
      .optional(),
    /** After the last wave: how long the whole must hold before it counts as done. */
    soakMs: milliseconds.max(30 * 86_400_000).optional(),
    /** How long nodes that are offline are waited for. */
    expiresAfterMs: milliseconds
      .min(1_000)
      .max(90 * 86_400_000)
      .optional(),
  })
  .meta({ id: 'Strategy' });
export type Strategy = z.infer<typeof Strategy>;

export const DeploymentState = z
  .enum([
    'rolling',
    'paused',
    'soaking',
    'succeeded',
    'partial',
    'rolled-back',
    'aborted',
    'failed',
    'superseded',
  ])
  .meta({ id: 'DeploymentState' });
export type DeploymentState = z.infer<typeof DeploymentState>;

export const DeploymentCreate = z
  .object({
    flow: z.string().min(1).max(128),
    version: z.number().int().min(1).max(2_147_483_647),
    /** Id or name. */
    group: z.string().min(1).max(128),
    strategy: Strategy.optional(),
    parameters: z.record(z.string().max(128), ParameterValue).optional(),
  })
  .meta({ id: 'DeploymentCreate' });
export type DeploymentCreate = z.infer<typeof DeploymentCreate>;

export const TargetCounts = z
  .object({
    total: z.number().int(),
    waiting: z.number().int(),
    working: z.number().int(),
    succeeded: z.number().int(),
    failed: z.number().int(),
    offline: z.number().int(),
    other: z.number().int(),
  })
  .meta({ id: 'TargetCounts' });
export type TargetCounts = z.infer<typeof TargetCounts>;

export const Deployment = z
  .object({
    id: Id,
    state: DeploymentState,
    /** Why it stands as it does, in a sentence: what it waits for, what stopped it. */
    says: z.string(),
    flow: z.string(),
    version: z.number().int(),
    digest: z.string(),
    group: Id,
    groupName: z.string(),
    assignment: Id.nullable(),
    /** The promotion that it is a part of. */
    promotion: Id.nullable(),
    strategy: Strategy,
    parameters: z.record(z.string(), ParameterValue),
    /** The wave that is under way, from 1, of so many. */
    wave: z.number().int(),
    waves: z.number().int(),
    targets: TargetCounts,
    createdBy: z.string(),
    createdAt: Time,
    endedAt: Time.nullable(),
    expiresAt: Time,
    /** What may be asked of it now. */
    actions: z.array(z.string()),
  })
  .meta({ id: 'Deployment' });
export type Deployment = z.infer<typeof Deployment>;
export const DeploymentList = pageOf(Deployment).meta({ id: 'DeploymentList' });

/** `filter` knows id, state, flow, version, group, groupName and createdBy. */
export const DeploymentQuery = FilteredPageQuery.extend({
  state: DeploymentState.optional(),
  flow: z.string().max(128).optional(),
  group: z.string().max(128).optional(),
});
export type DeploymentQuery = z.infer<typeof DeploymentQuery>;

export const Target = z
  .object({
    node: Id,
    nodeName: z.string(),
    online: z.boolean(),
    wave: z.number().int(),
    progress: Progress,
    outcome: Outcome.nullable(),
    reason: Reason.nullable(),
    gapMs: z.number().nullable(),
    lost: z.number().int().nullable(),
    attempt: z.number().int(),
    startedAt: Time.nullable(),
    deadline: Time.nullable(),
    endedAt: Time.nullable(),
  })
  .meta({ id: 'Target' });
export type Target = z.infer<typeof Target>;
export const TargetList = pageOf(Target).meta({ id: 'TargetList' });

/** `filter` knows node, nodeName, online, wave, progress, outcome, reason (its code) and attempt. */
export const TargetQuery = FilteredPageQuery;
export type TargetQuery = z.infer<typeof TargetQuery>;

/** Something that happened to a deployment as a whole; newest first in the list. */
export const DeploymentMove = z
  .object({
    id: Id,
    at: Time,
    state: DeploymentState,
    /** From 1. */
    wave: z.number().int(),
    /** Who wanted it; `system` when it went on by itself. */
    actor: z.string(),
    /** One sentence. */
    says: z.string(),
  })
  .meta({ id: 'DeploymentMove' });
export type DeploymentMove = z.infer<typeof DeploymentMove>;
export const DeploymentTimeline = pageOf(DeploymentMove).meta({ id: 'DeploymentTimeline' });

/** Why targets do not run it, most first. What is fine or merely has not begun has no reason. */
export const ReasonCount = z
  .object({ code: ReasonCode, count: z.number().int() })
  .meta({ id: 'ReasonCount' });
export type ReasonCount = z.infer<typeof ReasonCount>;
export const DeploymentReasons = pageOf(ReasonCount).meta({ id: 'DeploymentReasons' });
export type DeploymentReasons = z.infer<typeof DeploymentReasons>;

export const AbortRequest = z
  .object({
    /** `keep` leaves nodes with what they have; `revert` brings back what they ran before. */
    nodes: z.enum(['keep', 'revert']).optional(),
  })
  .nullish()
  .meta({ id: 'AbortRequest' });
export type AbortRequest = z.infer<typeof AbortRequest>;

export const PlannedNode = z
  .object({
    node: Id,
    nodeName: z.string(),
    wave: z.number().int(),
    online: z.boolean(),
    change: z.enum(['start', 'replace', 'parameters', 'none']),
    fromVersion: z.number().int().nullable(),
    /** Of what the flow version needs, the bytes that the node has not reported to hold. */
    bytesToFetch: z.number().int(),
    /** What would keep this node from running it: another group that wins, a missing runtime, too little disk. */
    conflicts: z.array(z.string()),
  })
  .meta({ id: 'PlannedNode' });
export type PlannedNode = z.infer<typeof PlannedNode>;

export const Plan = z
  .object({
    flow: z.string(),
    version: z.number().int(),
    digest: z.string(),
    group: Id,
    strategy: Strategy,
    /** How many nodes each wave has. */
    waves: z.array(z.number().int()),
    bytesToFetch: z.number().int(),
    offline: z.number().int(),
    conflicts: z.number().int(),
    nodes: z.array(PlannedNode),
  })
  .meta({ id: 'Plan' });
export type Plan = z.infer<typeof Plan>;

export const Assignment = z
  .object({
    id: Id,
    flow: z.string(),
    /** What nodes that join get; null: a first deployment has not ended well yet. */
    version: z.number().int().nullable(),
    digest: z.string().nullable(),
    group: Id,
    groupName: z.string(),
    priority: z.number().int(),
    /** The deployment that is under way, if any. */
    deployment: Id.nullable(),
    /** Nodes that are to run this flow because of it. */
    nodes: z.number().int(),
    createdAt: Time,
  })
  .meta({ id: 'Assignment' });
export type Assignment = z.infer<typeof Assignment>;
export const AssignmentList = pageOf(Assignment).meta({ id: 'AssignmentList' });

export const AssignmentQuery = PageQuery.extend({
  flow: z.string().max(128).optional(),
  group: z.string().max(128).optional(),
});
export type AssignmentQuery = z.infer<typeof AssignmentQuery>;
