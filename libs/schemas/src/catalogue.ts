/**
 * Words of the room `catalogue`: resources, their versions and aliases, and uploads in parts.
 *
 * Bytes never travel in these: they go by signed links straight to and from the object store.
 */
import { z } from 'zod';
import { pageOf, PageQuery } from './access.js';
import { Contract } from './contract.js';
import { NAME } from './flow.js';
import { Inspection } from './inspection.js';
import { ProblemPlace } from './problem.js';

const Time = z.iso.datetime();
const Moment = z.iso.datetime({ offset: true });
const Id = z.string().min(1).max(64);
const Digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, 'a digest is sha256: and 64 lower-case hexadecimal digits');
const Version = z.number().int().min(1).max(999_999_999);
/** PostgreSQL keeps no NUL in a text. */
const line = (most: number) =>
  z
    .string()
    .max(most)
    // oxlint-disable-next-line no-control-regex
    .regex(/^[^\u0000]*$/, 'a text holds no NUL character');

export const ResourceName = z
  .string()
  .regex(NAME, 'a name has letters, digits, dots, dashes and underscores, and at most 128 of them');
/** Begins with a letter, so that it is never taken for a version. */
export const ALIAS = /^[a-zA-Z][a-zA-Z0-9._-]{0,127}$/;

export const ResourceKind = z.enum(['model', 'script', 'runtime', 'data']).meta({ id: 'ResourceKind' });
export type ResourceKind = z.infer<typeof ResourceKind>;

export const ResourceCreate = z
  .object({ name: ResourceName, description: line(10_000).optional() })
  .meta({ id: 'ResourceCreate' });
export type ResourceCreate = z.infer<typeof ResourceCreate>;

export const Resource = z
  .object({
    name: z.string(),
    description: z.string().nullable(),
    /** Of its newest version; null before there is one. */
    kind: ResourceKind.nullable(),
    /** The newest version, whatever its state. */
    latest: z.number().int().nullable(),
    /** Version by alias. */
    aliases: z.record(z.string(), z.number().int()),
    createdBy: z.string(),
    createdAt: Time,
  })
  .meta({ id: 'Resource' });
export type Resource = z.infer<typeof Resource>;
export const ResourceList = pageOf(Resource).meta({ id: 'ResourceList' });

/** `sealing`: its bytes are being hashed and looked at. Only what is `ready` can be used. */
export const ResourceState = z.enum(['sealing', 'ready', 'refused']).meta({ id: 'ResourceState' });
export type ResourceState = z.infer<typeof ResourceState>;

/** Why a version was refused, in the words of the table of problems. */
export const ResourceRefusal = z
  .object({ code: z.string(), detail: z.string(), errors: z.array(ProblemPlace).optional() })
  .meta({ id: 'ResourceRefusal' });
export type ResourceRefusal = z.infer<typeof ResourceRefusal>;

export const ResourceVersion = z
  .object({
    resource: z.string(),
    version: z.number().int(),
    state: ResourceState,
    kind: ResourceKind,
    fileName: z.string(),
    size: z.number().int(),
    digest: z.string(),
    note: z.string().nullable(),
    refusal: ResourceRefusal.nullable(),
    aliases: z.array(z.string()),
    createdBy: z.string(),
    createdAt: Time,
    /** When it became ready or was refused. */
    sealedAt: Time.nullable(),
    /** While it is sealing: of its bytes, how many have been hashed so far. */
    verifiedBytes: z.number().int().nullable().optional(),
  })
  .meta({ id: 'ResourceVersion' });
export type ResourceVersion = z.infer<typeof ResourceVersion>;
export const ResourceVersionList = pageOf(ResourceVersion).meta({ id: 'ResourceVersionList' });

/** One version, with what its bytes say. */
export const ResourceVersionDetails = ResourceVersion.extend({
  inspection: Inspection.nullable(),
  contract: Contract.nullable(),
}).meta({ id: 'ResourceVersionDetails' });
export type ResourceVersionDetails = z.infer<typeof ResourceVersionDetails>;

export const UploadBegin = z
  .object({
    kind: ResourceKind,
    /** As it lies on the disk of whoever uploads; only its last part is kept. Shown, never trusted. */
    fileName: line(255).min(1),
    size: z.number().int().min(1),
    /** Of the bytes, as the uploader knows them; what arrives must have it. */
    digest: Digest,
    note: line(10_000).optional(),
    /** Completes or replaces what can be read from the file. */
    contract: Contract.optional(),
  })
  .meta({ id: 'UploadBegin' });
export type UploadBegin = z.infer<typeof UploadBegin>;

export const PartLink = z
  .object({
    number: z.number().int(),
    /** Bytes from the start of the file. */
    offset: z.number().int(),
    length: z.number().int(),
    /** For one PUT of exactly `length` bytes. */
    url: z.string(),
  })
  .meta({ id: 'PartLink' });
export type PartLink = z.infer<typeof PartLink>;

const Sending = z.object({
  exists: z.literal(false),
  upload: Id,
  /** Links for the parts that are missing, the first 1,000 of them: all, unless it is begun again. */
  parts: z.array(PartLink),
  /** How many parts there are in all. */
  partCount: z.number().int(),
  /** Of the links; the upload itself lives longer. */
  expiresAt: Time,
});

/** Either the bytes are known and nothing is to be sent, or an upload has begun. */
export const UploadBegun = z
  .discriminatedUnion('exists', [z.object({ exists: z.literal(true), version: z.number().int() }), Sending])
  .meta({ id: 'UploadBegun' });
export type UploadBegun = z.infer<typeof UploadBegun>;

/** Bytes without a version: a package that a runtime will name. Gone after a day unless one does. */
export const PieceBegin = UploadBegin.pick({ fileName: true, size: true, digest: true }).meta({
  id: 'PieceBegin',
});
export type PieceBegin = z.infer<typeof PieceBegin>;
export const PieceBegun = z
  .discriminatedUnion('exists', [z.object({ exists: z.literal(true) }), Sending])
  .meta({ id: 'PieceBegun' });
export type PieceBegun = z.infer<typeof PieceBegun>;

export const Upload = z
  .object({
    upload: Id,
    resource: z.string(),
    kind: ResourceKind,
    fileName: z.string(),
    size: z.number().int(),
    digest: z.string(),
    state: z.enum(['open', 'sealing', 'sealed', 'aborted']),
    /** Parts that are there whole. */
    done: z.array(z.number().int()),
    /** Parts that are still to be sent. */
    missing: z.array(
      z.object({ number: z.number().int(), offset: z.number().int(), length: z.number().int() }),
    ),
    /** Once it was completed; null for a piece. */
    version: z.number().int().nullable(),
    /** Why the bytes of a piece were not taken; it is then `aborted`. Of a version its own record tells. */
    refusal: ResourceRefusal.nullable(),
    /** When it is given up, unless it was completed. */
    expiresAt: Time,
  })
  .meta({ id: 'Upload' });
export type Upload = z.infer<typeof Upload>;

/** Without `parts`: links for those that are missing, the first 1,000 of them. */
export const PartsRequest = z
  .object({ parts: z.array(z.number().int().min(1).max(10_000)).min(1).max(1_000).optional() })
  .nullish()
  .meta({ id: 'PartsRequest' });
export type PartsRequest = z.infer<typeof PartsRequest>;
export const PartLinks = z.object({ parts: z.array(PartLink), expiresAt: Time }).meta({ id: 'PartLinks' });
export type PartLinks = z.infer<typeof PartLinks>;

export const AliasMove = z
  .object({ version: Version, note: line(10_000).optional() })
  .meta({ id: 'AliasMove' });
export type AliasMove = z.infer<typeof AliasMove>;

export const Alias = z
  .object({
    alias: z.string(),
    version: z.number().int(),
    /** Rises with every move; the ETag. */
    revision: z.number().int(),
    /** It moves by promotions alone, and somebody else must approve them. */
    approval: z.boolean(),
    movedBy: z.string(),
    movedAt: Time,
  })
  .meta({ id: 'Alias' });
export type Alias = z.infer<typeof Alias>;
export const AliasList = z.object({ items: z.array(Alias), next: z.null() }).meta({ id: 'AliasList' });

export const AliasChange = z.object({ approval: z.boolean() }).meta({ id: 'AliasChange' });
export type AliasChange = z.infer<typeof AliasChange>;

export const AliasMoved = z
  .object({
    revision: z.number().int(),
    /** Null: the alias was new. */
    from: z.number().int().nullable(),
    to: z.number().int(),
    note: z.string().nullable(),
    /** That made this move, or was taken back with it; null: by hand. */
    promotion: Id.nullable(),
    movedBy: z.string(),
    movedAt: Time,
  })
  .meta({ id: 'AliasMoved' });
export type AliasMoved = z.infer<typeof AliasMoved>;
export const AliasHistory = pageOf(AliasMoved).meta({ id: 'AliasHistory' });

/** Where a resource is used: flow versions that are locked to one of its versions. */
export const ResourceUse = z
  .object({
    flow: z.string(),
    flowVersion: z.number().int(),
    version: z.number().int(),
    digest: z.string(),
  })
  .meta({ id: 'ResourceUse' });
export type ResourceUse = z.infer<typeof ResourceUse>;
/** A node that runs, or ran, a flow version that is locked to the resource version. */
export const ResourceNode = z
  .object({
    node: Id,
    nodeName: z.string(),
    online: z.boolean(),
    flow: z.string(),
    flowVersion: z.number().int(),
    since: Time,
    /** Null: as far as is known it runs on. */
    until: Time.nullable(),
  })
  .meta({ id: 'ResourceNode' });
export type ResourceNode = z.infer<typeof ResourceNode>;
export const ResourceNodeList = pageOf(ResourceNode).meta({ id: 'ResourceNodeList' });
/** `running=true`: only where it runs now; `at`: where it ran at that moment. */
export const ResourceNodeQuery = PageQuery.extend({
  running: z.enum(['true', 'false']).optional(),
  at: Moment.optional(),
});
export type ResourceNodeQuery = z.infer<typeof ResourceNodeQuery>;

/** Where a version comes from, and where it went. */
export const ResourceLineage = z
  .object({
    resource: z.string(),
    version: z.number().int(),
    digest: z.string(),
    createdBy: z.string(),
    createdAt: Time,
    note: z.string().nullable(),
    aliases: z.array(z.string()),
    trainedOn: z.string().nullable(),
    metrics: z.record(z.string(), z.number()),
    /** The flow whose modules prepared its training data; without a name where it is not one of here. */
    prepare: z
      .object({ digest: z.string(), flow: z.string().nullable(), version: z.number().int().nullable() })
      .nullable(),
    /** Versions that are locked to it, newest first; the first 100 of `flowCount`. */
    flows: z.array(z.object({ flow: z.string(), flowVersion: z.number().int() })),
    flowCount: z.number().int(),
    /** That run it as far as is known; the first 100. */
    nodes: z.array(ResourceNode),
    /** Numbers of nodes; one that runs it in two flows counts once. */
    nodeCount: z.number().int(),
  })
  .meta({ id: 'ResourceLineage' });
export type ResourceLineage = z.infer<typeof ResourceLineage>;

const Kept = z.number().int().min(1);
/** Versions that nothing names stay while they are among the newest so many, or younger than so many days. */
export const RetentionSet = z
  .object({
    /** Null: their number keeps none; with both null everything stays. */
    keepLast: Kept.max(100_000).nullable(),
    keepDays: Kept.max(36_500).nullable(),
  })
  .meta({ id: 'RetentionSet' });
export type RetentionSet = z.infer<typeof RetentionSet>;

export const Retention = RetentionSet.extend({
  /** False: the organization's, since the resource has none of its own. */
  own: z.boolean(),
  changedBy: z.string().nullable(),
  changedAt: Time.nullable(),
}).meta({ id: 'Retention' });
export type Retention = z.infer<typeof Retention>;

export const CollectableVersion = z
  .object({
    resource: z.string(),
    version: z.number().int(),
    size: z.number().int(),
    digest: z.string(),
    sealedAt: Time,
    /** When it will be deleted; null: it has not been looked at since, or the policy is only tried. */
    collectAt: Time.nullable(),
  })
  .meta({ id: 'CollectableVersion' });
export type CollectableVersion = z.infer<typeof CollectableVersion>;

export const Collectable = z
  .object({
    /** The first 1,000. */
    items: z.array(CollectableVersion),
    next: z.null(),
    total: z.number().int(),
    /** That would be free: of bytes that no other version has. */
    bytes: z.number().int(),
  })
  .meta({ id: 'Collectable' });
export type Collectable = z.infer<typeof Collectable>;

/** With keepLast or keepDays, as if that were the policy of every resource. */
export const CollectableQuery = z.object({
  resource: z.string().max(128).optional(),
  keepLast: z.coerce.number().int().min(1).max(100_000).optional(),
  keepDays: z.coerce.number().int().min(1).max(36_500).optional(),
});
export type CollectableQuery = z.infer<typeof CollectableQuery>;

export const ResourceUsage = pageOf(ResourceUse).meta({ id: 'ResourceUsage' });
