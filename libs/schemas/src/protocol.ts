/**
 * What director and agent say to each other, over MQTT and over HTTPS alike (docs/protocol.md).
 *
 * Guarantee: schemas here only grow, since agents in the field are old; readers ignore what they don't know.
 * Times are epoch milliseconds. Signatures cover the canonical JSON (RFC 8785) of the payload beside them.
 */
import { z } from 'zod';

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'a digest looks like sha256:<64 hex digits>');
const counter = z.number().int().nonnegative();
const milliseconds = z.number().nonnegative();

/** A resource that a flow version is locked to: what to fetch, and how to know that it is the right one. */
export const LockedResource = z
  .object({
    kind: z.string(),
    version: z.number().int().positive(),
    digest,
    size: counter,
    file: z.string().optional(),
    /** What it expects and gives: the canonical JSON of its contract, fetched like any bytes. */
    contract: z.object({ digest, size: counter }).optional(),
  })
  .meta({ id: 'LockedResource' });
export type LockedResource = z.infer<typeof LockedResource>;

/** How a node changes from one version of a flow to the next. */
export const NodeStrategy = z
  .object({
    /** The new version must run this long before the old one is let go. */
    probationMs: milliseconds.optional(),
    /** Errors a record (share, 0 to 1) above which probation fails. */
    maxErrorRate: z.number().min(0).max(1).optional(),
    /** When the new version has not proved itself by then, the old one stays. */
    timeoutMs: milliseconds.optional(),
  })
  .meta({ id: 'NodeStrategy' });
export type NodeStrategy = z.infer<typeof NodeStrategy>;

export const ParameterValue = z.union([z.string(), z.number(), z.boolean()]);
export type ParameterValue = z.infer<typeof ParameterValue>;

export const DesiredFlow = z.object({
  flow: z.string(),
  version: z.number().int().positive(),
  /** The flow digest: SHA-256 of the locked document's canonical form. */
  digest,
  document: z.record(z.string(), z.unknown()),
  parameters: z.record(z.string(), ParameterValue),
  resources: z.record(z.string(), LockedResource),
  priority: z.number().int(),
  strategy: NodeStrategy,
  /** Rises when a person asks for another try: a node that gave this version up takes it up again. */
  attempt: counter.optional(),
});
export type DesiredFlow = z.infer<typeof DesiredFlow>;

/** Everything that a node should be, whole: it never depends on a message before it. */
export const DesiredPayload = z.object({
  organization: z.string(),
  node: z.string(),
  /** Length of the organization's key chain when this was signed. */
  epoch: counter,
  sequence: counter,
  issuedAt: milliseconds,
  /** After this nothing of it may be installed any more; what runs goes on. */
  expiresAt: milliseconds,
  previous: digest.optional(),
  flows: z.array(DesiredFlow),
});
export type DesiredPayload = z.infer<typeof DesiredPayload>;

export const Signature = z.object({
  keyId: z.string(),
  algorithm: z.literal('ed25519'),
  /** base64url, no padding. */
  value: z.string(),
});
export type Signature = z.infer<typeof Signature>;

export const SignedDesired = z
  .object({ payload: DesiredPayload, signatures: z.array(Signature).min(1) })
  .meta({ id: 'SignedDesired' });
export type SignedDesired = z.infer<typeof SignedDesired>;

/** On `desired`: the state itself up to INLINE_DESIRED_BYTES, else where it stands and what it must hash to. */
export const DesiredMessage = z.union([
  SignedDesired,
  z.object({ digest, size: counter, epoch: counter, sequence: counter }),
]);
export type DesiredMessage = z.infer<typeof DesiredMessage>;
export const INLINE_DESIRED_BYTES = 128 * 1024;

export const PublicKey = z
  .object({
    keyId: z.string(),
    algorithm: z.literal('ed25519'),
    /** SPKI, DER, base64. */
    publicKey: z.string(),
    epoch: counter,
  })
  .meta({ id: 'PublicKey' });
export type PublicKey = z.infer<typeof PublicKey>;

/** How far a target or a flow on a node has come. */
export const Progress = z.enum([
  'waiting',
  'offered',
  'fetching',
  'staging',
  'starting',
  'probation',
  'running',
]);
export type Progress = z.infer<typeof Progress>;

/** How it ended; null while it has not. */
export const Outcome = z.enum([
  'succeeded',
  'rolled-back',
  'failed',
  'refused',
  'timed-out',
  'cancelled',
  'superseded',
]);
export type Outcome = z.infer<typeof Outcome>;

/** Why a node does not run what is desired. Codes are kept for ever. */
export const ReasonCode = z.enum([
  'DIGEST_MISMATCH',
  'SIGNATURE_INVALID',
  'WRONG_NODE',
  'ROLLBACK_REFUSED',
  'EXPIRED',
  'INCOMPLETE_SET',
  'NO_SPACE',
  'RUNTIME_MISSING',
  'CONTRACT_MISMATCH',
  'GOLDEN_MISMATCH',
  'CHECK_FAILED',
  'PROBATION_FAILED',
  'START_FAILED',
  'CRASHED',
  'TIMED_OUT',
  'DOWNLOAD_FAILED',
  'DIRECTOR_UNREACHABLE',
  'OFFLINE',
  'SUPERSEDED',
  'STOPPED',
]);
export type ReasonCode = z.infer<typeof ReasonCode>;

export const Reason = z
  .object({
    code: ReasonCode,
    detail: z.string(),
    /** A waiting step says until when it waits. */
    until: milliseconds.optional(),
    evidence: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Reason' });
export type Reason = z.infer<typeof Reason>;

/** One flow on a node, as the agent has just re-read and found it. */
export const FlowReport = z
  .object({
    flow: z.string(),
    /** Digest of the document that the running process was started with, read again from disk; null: none runs. */
    runningDigest: digest.nullable(),
    runningVersion: z.number().int().positive().nullable(),
    /** What the node is being brought to; null: the flow is being removed. */
    desiredDigest: digest.nullable(),
    desiredVersion: z.number().int().positive().nullable(),
    progress: Progress,
    outcome: Outcome.nullable(),
    reason: Reason.nullable(),
    /** How long the stream stood still at the last swap, and what it lost there. */
    gapMs: milliseconds.nullable(),
    lost: counter.nullable(),
    since: milliseconds,
  })
  .meta({ id: 'FlowReport' });
export type FlowReport = z.infer<typeof FlowReport>;

export const NodeFacts = z
  .object({
    agent: z.string(),
    node: z.string(),
    platform: z.string(),
    arch: z.string(),
    hostname: z.string(),
    cpus: z.number().int(),
    memoryBytes: counter,
    diskFreeBytes: counter.optional(),
    runtimes: z.record(z.string(), z.string()),
    /** Digests that the node holds, so that a plan knows what must be fetched. At most 1,000. */
    blobs: z.array(digest).optional(),
    sandbox: z.string().optional(),
    /** No machine: it speaks the protocol and runs nothing (`millrace simulate`). */
    simulated: z.boolean().optional(),
  })
  .meta({ id: 'NodeFacts' });
export type NodeFacts = z.infer<typeof NodeFacts>;

export const ReportPayload = z.object({
  organization: z.string(),
  node: z.string(),
  /** The agent's own number, rising for ever; a report that is not newer changes nothing. */
  seq: counter,
  at: milliseconds,
  /** The desired state that the agent has accepted. */
  epoch: counter,
  sequence: counter,
  /** Why the newest desired state that it heard of was not accepted, when it was not. */
  refused: z.object({ epoch: counter, sequence: counter, reason: Reason }).nullable(),
  flows: z.array(FlowReport),
  facts: NodeFacts.optional(),
});
export type ReportPayload = z.infer<typeof ReportPayload>;

export const SignedReport = z
  .object({ payload: ReportPayload, signature: Signature })
  .meta({ id: 'SignedReport' });
export type SignedReport = z.infer<typeof SignedReport>;

export const Presence = z.object({ state: z.enum(['online', 'offline']), at: milliseconds });
export type Presence = z.infer<typeof Presence>;

/** Counters of one module, since its flow process started. */
export const ModuleCounters = z
  .object({
    in: counter,
    out: counter,
    bytes: counter,
    errors: counter,
    dropped: z.record(z.string(), counter),
    /** Other things counted by name, such as `late` and `dup` of align.rows. */
    counted: z.record(z.string(), counter),
    p50Ms: milliseconds.nullable(),
    p99Ms: milliseconds.nullable(),
    queued: counter,
    lastError: z.string().nullable(),
  })
  .meta({ id: 'ModuleCounters' });
export type ModuleCounters = z.infer<typeof ModuleCounters>;

export const FlowMetrics = z
  .object({
    flow: z.string(),
    digest,
    startedAt: milliseconds,
    records: counter,
    errors: counter,
    bytesIn: counter,
    bytesOut: counter,
    memoryBytes: counter,
    modules: z.record(z.string(), ModuleCounters),
  })
  .meta({ id: 'FlowMetrics' });
export type FlowMetrics = z.infer<typeof FlowMetrics>;

export const Metrics = z.object({
  at: milliseconds,
  node: z.object({
    cpuShare: z.number(),
    memoryBytes: counter,
    diskFreeBytes: counter.optional(),
    uptimeMs: milliseconds,
  }),
  flows: z.array(FlowMetrics),
  outbox: z.object({ made: counter, sent: counter, buffered: counter, dropped: counter }).optional(),
});
export type Metrics = z.infer<typeof Metrics>;

/** What a record may hold once it is written out. NaN and Infinity are null there. */
export const FieldValue = z.union([
  z.number(),
  z.string(),
  z.boolean(),
  z.null(),
  z.array(z.number().nullable()),
]);
export type FieldValue = z.infer<typeof FieldValue>;
export const RecordValues = z.record(z.string(), FieldValue);

export const Severity = z.enum(['info', 'low', 'medium', 'high', 'critical']);
export type Severity = z.infer<typeof Severity>;

/** Points of the signal that comes with one message; and that are kept of one alert, from its raise to its clear. */
export const SIGNAL_POINTS_SENT = 120;
export const SIGNAL_POINTS = 2 * SIGNAL_POINTS_SENT;
/** Written as JSON, the signal of one message is at most so many bytes; whoever raises it thins it until it is. */
export const SIGNAL_BYTES = 16_000;

/** Signal around an alert: what the module that raised it saw, thinned out evenly. */
export const AlertSignal = z
  .object({
    /** Epoch milliseconds, rising. */
    t: z.array(z.number()).max(SIGNAL_POINTS),
    /** Of the same length each; null: no value then. */
    fields: z.record(z.string(), z.array(z.number().nullable()).max(SIGNAL_POINTS)),
  })
  .meta({ id: 'AlertSignal' });
export type AlertSignal = z.infer<typeof AlertSignal>;

/** On `alert`: one raise or clear of a flow's route.alert. `number` is the outbox's own and rises for ever. */
export const AlertMessage = z.object({
  number: z.number().int().positive(),
  flow: z.string(),
  version: z.number().int().positive(),
  module: z.string(),
  key: z.string().nullable(),
  t: z.number(),
  change: z.enum(['raised', 'cleared']),
  severity: Severity,
  message: z.string(),
  values: RecordValues,
  /** Up to the raise, or from there up to the clear. Agents of old, and flows that switched it off, leave it out. */
  signal: AlertSignal.optional(),
});
export type AlertMessage = z.infer<typeof AlertMessage>;

/** On `result`: rows that a flow sends up. */
export const ResultMessage = z.object({
  number: z.number().int().positive(),
  flow: z.string(),
  version: z.number().int().positive(),
  module: z.string(),
  records: z.array(RecordValues),
});
export type ResultMessage = z.infer<typeof ResultMessage>;

/** Sent after the director has committed; only then does the outbox forget. */
export const Ack = z.object({ channel: z.enum(['alert', 'result']), through: counter });
export type Ack = z.infer<typeof Ack>;

export const Command = z.object({
  id: z.string(),
  /** The node that it is for; another one does nothing. Old directors do not say. */
  node: z.string().optional(),
  deadline: milliseconds,
  verb: z.enum(['restart', 'logs', 'tap', 'recording']),
  flow: z.string().optional(),
  arguments: z.record(z.string(), z.unknown()).optional(),
});
export type Command = z.infer<typeof Command>;
export const SignedCommand = z.object({ payload: Command, signature: Signature });
export type SignedCommand = z.infer<typeof SignedCommand>;

export const Reply = z.object({
  id: z.string(),
  ok: z.boolean(),
  detail: z.string().optional(),
  result: z.unknown().optional(),
});
export type Reply = z.infer<typeof Reply>;

/** POST /v1/agent/enrol: the only request that a join token is good for. */
export const EnrolRequest = z
  .object({
    token: z.string(),
    name: z.string().min(1).max(200).optional(),
    /** SPKI DER base64 of the node's own Ed25519 key; its private half never leaves the node. */
    signingKey: z.string(),
    facts: NodeFacts.optional(),
  })
  .meta({ id: 'EnrolRequest' });
export type EnrolRequest = z.infer<typeof EnrolRequest>;

export const EnrolReply = z
  .object({
    organization: z.string(),
    node: z.string(),
    name: z.string(),
    /** User name is the node id on broker and API; this is the password and bearer token. */
    credential: z.string(),
    keys: z.array(PublicKey),
    mqttUrl: z.string().nullable(),
    /** The MQTT address on the director's own port; null: the broker is an outside one. */
    mqttWebSocketUrl: z.string().nullable(),
    /** Password at a broker that is not to see the credential; absent: the credential. */
    mqttPassword: z.string().optional(),
    time: milliseconds,
  })
  .meta({ id: 'EnrolReply' });
export type EnrolReply = z.infer<typeof EnrolReply>;

/** POST /v1/agent/downloads: one signed URL, for a minute, for one digest that this node is to have. */
export const DownloadRequest = z.object({ digest }).meta({ id: 'DownloadRequest' });
export const DownloadReply = z
  .object({ url: z.string(), size: counter, expiresAt: milliseconds })
  .meta({ id: 'DownloadReply' });
export type DownloadReply = z.infer<typeof DownloadReply>;

/** POST /v1/agent/alerts and /results: the outbox over HTTPS when the broker is gone; answers what is committed. */
export const OutboxRequest = z
  .object({
    alerts: z.array(AlertMessage).optional(),
    results: z.array(ResultMessage).optional(),
  })
  .meta({ id: 'OutboxRequest' });
export const OutboxReply = z.object({ acks: z.array(Ack) }).meta({ id: 'OutboxReply' });
export const ReportReply = z.object({ sequence: counter, epoch: counter }).meta({ id: 'ReportReply' });

export const channels = [
  'desired',
  'report',
  'presence',
  'metrics',
  'alert',
  'result',
  'ack',
  'command',
  'reply',
] as const;
export type Channel = (typeof channels)[number];

/** `millrace/1/<organization>/<node>/<channel>`. */
export const topicOf = (organization: string, node: string, channel: Channel): string =>
  `millrace/1/${organization}/${node}/${channel}`;
