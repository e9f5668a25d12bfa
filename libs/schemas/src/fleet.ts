/**
 * Words of the room `fleet`: join tokens, nodes, groups, and why a node does not run what it should.
 *
 * What nodes and director say to each other is in protocol.ts; here is what people see and ask for.
 */
import { z } from 'zod';
import { pageOf, PageQuery } from './access.js';
import { NAME } from './flow.js';
import {
  FlowMetrics,
  FlowReport,
  NodeFacts,
  ParameterValue,
  PublicKey,
  Reason,
  Signature,
} from './protocol.js';

const Time = z.iso.datetime();
const Id = z.string().min(1).max(64);
const Name = z
  .string()
  .regex(NAME, 'a name has letters, digits, dots, dashes and underscores, and at most 128 of them');

/** What a label's name may be: it stands in selectors, so it needs no quotes there. */
export const LABEL_NAME = /^[a-zA-Z][a-zA-Z0-9_./-]{0,62}$/;

export const Labels = z
  .record(z.string().regex(LABEL_NAME), z.string().max(200))
  .refine((labels) => Object.keys(labels).length <= 64, 'a node has at most 64 labels')
  .meta({ id: 'Labels' });
export type Labels = z.infer<typeof Labels>;

/** Values by flow, then by parameter. */
export const FlowParameters = z
  .record(z.string().max(128), z.record(z.string().max(128), ParameterValue))
  .meta({ id: 'FlowParameters' });
export type FlowParameters = z.infer<typeof FlowParameters>;

/**
 * `labels.line==3;status==online`: see the selector's grammar in docs/words.md. Of nodes it knows id, name, status,
 * asDesired, group (ids and names), labels.*, facts.*, and of their flows: flow (should run or runs), desired and
 * running (`name` or `name@version`), failing, reason (a code).
 */
const Filter = z.string().max(2_000);
export const FilteredPageQuery = PageQuery.extend({ filter: Filter.optional() });
export type FilteredPageQuery = z.infer<typeof FilteredPageQuery>;
export const CountQuery = z.object({ filter: Filter.optional() });
export type CountQuery = z.infer<typeof CountQuery>;

export const JoinTokenCreate = z
  .object({
    /** Id or name of the group that the node joins. */
    group: z.string().min(1).max(128).optional(),
    labels: Labels.optional(),
    /** How many nodes may join with it; 1 unless told. */
    uses: z.number().int().min(1).max(10_000).optional(),
    /** Minutes until it ends; 60 unless told, a week at most. */
    minutes: z.number().int().min(1).max(10_080).optional(),
  })
  .meta({ id: 'JoinTokenCreate' });
export type JoinTokenCreate = z.infer<typeof JoinTokenCreate>;

export const JoinToken = z
  .object({
    id: Id,
    group: Id.nullable(),
    labels: Labels,
    uses: z.number().int(),
    used: z.number().int(),
    createdBy: z.string(),
    createdAt: Time,
    expiresAt: Time,
  })
  .meta({ id: 'JoinToken' });
export type JoinToken = z.infer<typeof JoinToken>;
export const JoinTokenList = pageOf(JoinToken).meta({ id: 'JoinTokenList' });

/** The only time that the token itself is shown. */
export const JoinTokenCreated = JoinToken.extend({ token: z.string() }).meta({ id: 'JoinTokenCreated' });
export type JoinTokenCreated = z.infer<typeof JoinTokenCreated>;

export const NodeStatus = z.enum(['online', 'offline', 'revoked']).meta({ id: 'NodeStatus' });
export type NodeStatus = z.infer<typeof NodeStatus>;

export const Node = z
  .object({
    id: Id,
    name: z.string(),
    labels: Labels,
    status: NodeStatus,
    /** Whether it runs exactly what it should, by its last report; `why` says why not. */
    asDesired: z.boolean(),
    /** When the director last heard of it; null: never. */
    seenAt: Time.nullable(),
    createdAt: Time,
    revokedAt: Time.nullable(),
    /** Ids of the groups that it is in now. */
    groups: z.array(Id),
    parameters: FlowParameters,
    /** What it last reported to be running, re-read from its disk. */
    flows: z.array(FlowReport),
    /** The desired state that it has accepted. */
    accepted: z.object({ epoch: z.number().int(), sequence: z.number().int() }).nullable(),
    reportedAt: Time.nullable(),
    facts: NodeFacts.nullable(),
  })
  .meta({ id: 'Node' });
export type Node = z.infer<typeof Node>;
export const NodeList = pageOf(Node).meta({ id: 'NodeList' });

/** `GET /v1/nodes:count`: how many nodes the filter chooses, and how they stand. */
export const NodeCount = z
  .object({
    total: z.number().int(),
    online: z.number().int(),
    offline: z.number().int(),
    revoked: z.number().int(),
    /** Of those that are not revoked. */
    notAsDesired: z.number().int(),
  })
  .meta({ id: 'NodeCount' });
export type NodeCount = z.infer<typeof NodeCount>;

export const NodeChange = z
  .object({ name: Name.optional(), labels: Labels.optional(), parameters: FlowParameters.optional() })
  .meta({ id: 'NodeChange' });
export type NodeChange = z.infer<typeof NodeChange>;

/** What a node's flow is and should be, side by side. */
export const FlowWhy = z
  .object({
    flow: z.string(),
    desiredVersion: z.number().int().nullable(),
    desiredDigest: z.string().nullable(),
    runningVersion: z.number().int().nullable(),
    runningDigest: z.string().nullable(),
    /** True when what runs is what is desired. */
    same: z.boolean(),
    reason: Reason.nullable(),
    /** One sentence for a person. */
    says: z.string(),
  })
  .meta({ id: 'FlowWhy' });
export type FlowWhy = z.infer<typeof FlowWhy>;

export const NodeWhy = z
  .object({
    node: Id,
    name: z.string(),
    status: NodeStatus,
    same: z.boolean(),
    /** What holds for the whole node, such as being offline, or a refused desired state. */
    reasons: z.array(Reason),
    flows: z.array(FlowWhy),
    /** Deployments that it has a place in and that have not reached it. */
    waiting: z.array(
      z.object({ deployment: Id, flow: z.string(), version: z.number().int(), says: z.string() }),
    ),
  })
  .meta({ id: 'NodeWhy' });
export type NodeWhy = z.infer<typeof NodeWhy>;

/** One thing that a node said about itself; kept when it differs from what it said before. */
export const NodeHistoryEntry = z
  .object({
    seq: z.number().int(),
    at: Time,
    receivedAt: Time,
    sequence: z.number().int(),
    flows: z.array(FlowReport),
    refused: Reason.nullable(),
  })
  .meta({ id: 'NodeHistoryEntry' });
export type NodeHistoryEntry = z.infer<typeof NodeHistoryEntry>;
/** One version of a flow on a node, from when to when by the director's clock. */
export const NodeRan = z
  .object({
    flow: z.string(),
    version: z.number().int(),
    digest: z.string(),
    since: Time,
    /** Null: as far as is known it runs on. */
    until: Time.nullable(),
  })
  .meta({ id: 'NodeRan' });
export type NodeRan = z.infer<typeof NodeRan>;

export const NodeHistory = pageOf(NodeHistoryEntry)
  .extend({
    /** What ran at the moment that was asked for with `at`. */
    ran: z.array(NodeRan).optional(),
  })
  .meta({ id: 'NodeHistory' });
export type NodeHistory = z.infer<typeof NodeHistory>;

const Moment = z.iso.datetime({ offset: true });
/** With `at`: what was said until then, and what ran at that moment. */
export const NodeHistoryQuery = PageQuery.extend({ at: Moment.optional() });
export type NodeHistoryQuery = z.infer<typeof NodeHistoryQuery>;

export const NodeRun = NodeRan.extend({
  /** What the version is locked to; nothing where its flow was deleted. */
  resources: z.array(z.object({ name: z.string(), version: z.number().int(), digest: z.string() })),
}).meta({ id: 'NodeRun' });
export type NodeRun = z.infer<typeof NodeRun>;
export const NodeRunList = pageOf(NodeRun).meta({ id: 'NodeRunList' });
export const NodeRunQuery = PageQuery.extend({ at: Moment.optional() });
export type NodeRunQuery = z.infer<typeof NodeRunQuery>;

export const NodeMetrics = z
  .object({
    node: Id,
    at: Time.nullable(),
    cpuShare: z.number().nullable(),
    memoryBytes: z.number().nullable(),
    diskFreeBytes: z.number().nullable(),
    uptimeMs: z.number().nullable(),
    flows: z.array(FlowMetrics),
    outbox: z
      .object({ made: z.number(), sent: z.number(), buffered: z.number(), dropped: z.number() })
      .nullable(),
  })
  .meta({ id: 'NodeMetrics' });
export type NodeMetrics = z.infer<typeof NodeMetrics>;

/** A value a minute for 60 minutes, oldest first; null: the node said nothing in that minute. */
const Minutes = z.array(z.number().nullable());

/** `GET /v1/nodes/{id}/flows/{flow}/rates`. */
export const FlowRates = z
  .object({
    /** Beginning of the first minute, epoch milliseconds. */
    from: z.number().int(),
    stepMs: z.number().int(),
    recordsPerSecond: Minutes,
    /** Bytes of each minute. */
    bytesIn: Minutes,
    bytesOut: Minutes,
    /** How many in each minute. */
    errors: Minutes,
  })
  .meta({ id: 'FlowRates' });
export type FlowRates = z.infer<typeof FlowRates>;

/** `GET /v1/nodes/{id}/load`. */
export const NodeLoad = z
  .object({
    /** Beginning of the first minute, epoch milliseconds. */
    from: z.number().int(),
    stepMs: z.number().int(),
    /** 1: all of its processors. */
    cpuShare: Minutes,
    memoryBytes: Minutes,
  })
  .meta({ id: 'NodeLoad' });
export type NodeLoad = z.infer<typeof NodeLoad>;

const Selector = z.string().min(1).max(2_000);

/** A group has members or a selector, never both. */
export const GroupCreate = z
  .object({
    name: Name,
    selector: Selector.optional(),
    /** Ids or names of nodes. */
    members: z.array(z.string().min(1).max(128)).max(10_000).optional(),
    /** Where two groups give a node the same flow, the higher priority wins; 0 unless told. */
    priority: z.number().int().min(-1_000).max(1_000).optional(),
    parameters: FlowParameters.optional(),
  })
  .meta({ id: 'GroupCreate' });
export type GroupCreate = z.infer<typeof GroupCreate>;

export const GroupChange = GroupCreate.partial()
  .extend({
    /** Nodes to add to and take from the members, without naming all the others. */
    add: z.array(z.string().min(1).max(128)).max(10_000).optional(),
    remove: z.array(z.string().min(1).max(128)).max(10_000).optional(),
  })
  .meta({ id: 'GroupChange' });
export type GroupChange = z.infer<typeof GroupChange>;

export const Group = z
  .object({
    id: Id,
    name: z.string(),
    selector: z.string().nullable(),
    priority: z.number().int(),
    parameters: FlowParameters,
    /** How many nodes are in it now. */
    size: z.number().int(),
    createdAt: Time,
  })
  .meta({ id: 'Group' });
export type Group = z.infer<typeof Group>;
export const GroupList = pageOf(Group).meta({ id: 'GroupList' });

/** POST /v1/groups:preview: which nodes a selector would choose. */
export const GroupPreviewRequest = z.object({ selector: Selector }).meta({ id: 'GroupPreviewRequest' });
export type GroupPreviewRequest = z.infer<typeof GroupPreviewRequest>;

export const NodeName = z.object({ id: Id, name: z.string(), status: NodeStatus }).meta({ id: 'NodeName' });
export type NodeName = z.infer<typeof NodeName>;
export const NodeNameList = pageOf(NodeName).meta({ id: 'NodeNameList' });

export const GroupPreview = z
  .object({
    size: z.number().int(),
    /** The first 100. */
    nodes: z.array(NodeName),
  })
  .meta({ id: 'GroupPreview' });
export type GroupPreview = z.infer<typeof GroupPreview>;

/** GET /v1/agent/time?nonce=: the director's clock, signed so that nobody in between can turn it back. */
export const TimeQuery = z.object({ nonce: z.string().min(8).max(200) });
export const TimeReply = z
  .object({ payload: z.object({ nonce: z.string(), time: z.number().int() }), signature: Signature })
  .meta({ id: 'TimeReply' });
export type TimeReply = z.infer<typeof TimeReply>;

export const KeysReply = z.object({ keys: z.array(PublicKey) }).meta({ id: 'KeysReply' });
export type KeysReply = z.infer<typeof KeysReply>;
