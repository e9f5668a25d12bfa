/**
 * Words of promotions, which deploy and so belong to the room `deployments`: an alias moves, and every flow that
 * follows it goes to its nodes, as one thing to plan, approve, watch and take back.
 */
import { z } from 'zod';
import { pageOf, PageQuery } from './access.js';
import { ALIAS } from './catalogue.js';
import { DeploymentState, Plan, Strategy, TargetCounts } from './deployments.js';
import { ProblemPlace } from './problem.js';

const Time = z.iso.datetime();
const Id = z.string().min(1).max(64);
const Name = z.string().min(1).max(128);
/** PostgreSQL keeps no NUL in a text. */
const Note = z
  .string()
  .max(10_000)
  // oxlint-disable-next-line no-control-regex
  .regex(/^[^\u0000]*$/, 'a text holds no NUL character');

export const PromotionCreate = z
  .object({
    resource: Name,
    version: z.number().int().min(1).max(999_999_999),
    alias: z
      .string()
      .regex(ALIAS, 'an alias begins with a letter, and has letters, digits, dots, dashes and underscores'),
    note: Note.optional(),
    /** Of every deployment; one node first, then the rest, unless told. */
    strategy: Strategy.optional(),
    /** Of the flows that follow the alias, only these. */
    flows: z.array(Name).min(1).max(1_000).optional(),
  })
  .meta({ id: 'PromotionCreate' });
export type PromotionCreate = z.infer<typeof PromotionCreate>;

export const PromotionState = z
  .enum([
    'awaiting-approval',
    'rolling',
    'succeeded',
    'partial',
    'failed',
    'rolled-back',
    'rejected',
    'superseded',
  ])
  .meta({ id: 'PromotionState' });
export type PromotionState = z.infer<typeof PromotionState>;

export const PromotionDeployment = z
  .object({
    id: Id,
    group: Id,
    groupName: z.string(),
    /** What the group was at before; null: its first deployment had not ended well. */
    fromVersion: z.number().int().nullable(),
    state: DeploymentState,
    says: z.string(),
    targets: TargetCounts,
  })
  .meta({ id: 'PromotionDeployment' });
export type PromotionDeployment = z.infer<typeof PromotionDeployment>;

export const PromotionFlow = z
  .object({
    flow: z.string(),
    /** The version that its groups were at, the newest of several; where none is assigned, the newest. */
    fromVersion: z.number().int(),
    /** The version that locks what is promoted. While approval is awaited: the number that it would get. */
    version: z.number().int(),
    /** One an assignment. */
    deployments: z.array(PromotionDeployment),
  })
  .meta({ id: 'PromotionFlow' });
export type PromotionFlow = z.infer<typeof PromotionFlow>;

export const Promotion = z
  .object({
    id: Id,
    /** Follows from the deployments once it has begun. */
    state: PromotionState,
    /** Why it stands as it does, in a sentence. */
    says: z.string(),
    resource: z.string(),
    alias: z.string(),
    /** Where the alias stood; null: it is new. */
    from: z.number().int().nullable(),
    to: z.number().int(),
    note: z.string().nullable(),
    strategy: Strategy,
    flows: z.array(PromotionFlow),
    createdBy: z.string(),
    createdAt: Time,
    /** Who approved, rejected, superseded or took it back. */
    decidedBy: z.string().nullable(),
    decidedAt: Time.nullable(),
    endedAt: Time.nullable(),
    /** What may be asked of it now. */
    actions: z.array(z.string()),
  })
  .meta({ id: 'Promotion' });
export type Promotion = z.infer<typeof Promotion>;
export const PromotionList = pageOf(Promotion).meta({ id: 'PromotionList' });

export const PromotionQuery = PageQuery.extend({
  state: PromotionState.optional(),
  resource: Name.optional(),
  alias: Name.optional(),
});
export type PromotionQuery = z.infer<typeof PromotionQuery>;

/** Why it is rejected; kept with it. */
export const PromotionReject = z.object({ note: Note.optional() }).nullish().meta({ id: 'PromotionReject' });
export type PromotionReject = z.infer<typeof PromotionReject>;

export const PlannedFlow = z
  .object({
    flow: z.string(),
    fromVersion: z.number().int(),
    version: z.number().int(),
    /** False: the newest version is the same already, and only deployed. */
    published: z.boolean(),
    /** What keeps it from being published or deployed; one is enough to refuse the whole promotion. */
    problems: z.array(ProblemPlace),
    deployments: z.array(Plan.extend({ groupName: z.string(), fromVersion: z.number().int().nullable() })),
  })
  .meta({ id: 'PlannedFlow' });
export type PlannedFlow = z.infer<typeof PlannedFlow>;

/** What a promotion would do; its ETag is the alias's, for If-Match of the promotion itself. */
export const PromotionPlan = z
  .object({
    resource: z.string(),
    alias: z.string(),
    from: z.number().int().nullable(),
    to: z.number().int(),
    digest: z.string(),
    /** No flow has problems. */
    valid: z.boolean(),
    /** Somebody else would have to approve it. */
    approval: z.boolean(),
    flows: z.array(PlannedFlow),
    /** Numbers of nodes, one that runs several of the flows once. */
    nodes: z.number().int(),
    offline: z.number().int(),
    conflicts: z.number().int(),
    /** Bytes, of what several flows need on a node once. */
    bytesToFetch: z.number().int(),
  })
  .meta({ id: 'PromotionPlan' });
export type PromotionPlan = z.infer<typeof PromotionPlan>;
