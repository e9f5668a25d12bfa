/**
 * Words of the room `flows`: flows, their drafts, checks, versions and differences.
 *
 * The document itself is flow.ts. A draft may be anything, also a text that cannot be read: it is kept as it
 * was sent and carries its problems.
 */
import { z } from 'zod';
import { pageOf } from './access.js';
import { FlowDocument, NAME } from './flow.js';
import { ProblemPlace } from './problem.js';
import { LockedResource } from './protocol.js';

const Time = z.iso.datetime();
/** PostgreSQL keeps no NUL in a text. */
const line = (most: number) =>
  z
    .string()
    .max(most)
    // oxlint-disable-next-line no-control-regex
    .regex(/^[^\u0000]*$/, 'a text holds no NUL character');
/** Longer than any flow may be; what is too long for one is told as a problem of the draft. */
const Text = line(8_388_608);
const Json = z.record(z.string(), z.unknown());

/** A version or a revision in a path. */
export const VersionNumber = z.coerce.number().int().min(1).max(999_999_999);

export const FlowCreate = z
  .object({
    name: z
      .string()
      .regex(NAME, 'a name has letters, digits, dots, dashes and underscores, and at most 128 of them'),
    /** Its first draft; `text` is YAML or JSON and keeps its comments. */
    document: Json.optional(),
    text: Text.optional(),
  })
  .meta({ id: 'FlowCreate' });
export type FlowCreate = z.infer<typeof FlowCreate>;

export const Flow = z
  .object({
    name: z.string(),
    description: z.string().nullable(),
    /** Of the draft; 0 while nothing was saved. */
    draftRevision: z.number().int(),
    /** Null while nothing was published. */
    latestVersion: z.number().int().nullable(),
    createdBy: z.string(),
    createdAt: Time,
    /** Of the last save. */
    changedAt: Time,
  })
  .meta({ id: 'Flow' });
export type Flow = z.infer<typeof Flow>;
export const FlowList = pageOf(Flow).meta({ id: 'FlowList' });

/** As JSON `{document}` or `{text}`; or the text itself as application/yaml. */
export const FlowDraftSave = z
  .union([Text, z.object({ document: Json.optional(), text: Text.optional() })])
  .meta({ id: 'FlowDraftSave' });
export type FlowDraftSave = z.infer<typeof FlowDraftSave>;

export const FlowDraft = z
  .object({
    flow: z.string(),
    /** Rises with every save; the ETag. */
    revision: z.number().int(),
    /** As it was saved; null when the text is no flow. */
    document: Json.nullable(),
    /** As it was written, when it came as text. */
    text: z.string().nullable(),
    problems: z.array(ProblemPlace),
    savedBy: z.string(),
    savedAt: Time,
  })
  .meta({ id: 'FlowDraft' });
export type FlowDraft = z.infer<typeof FlowDraft>;

/** One save of many: every save is kept. */
export const FlowDraftSaved = FlowDraft.pick({ revision: true, savedBy: true, savedAt: true }).meta({
  id: 'FlowDraftSaved',
});
export type FlowDraftSaved = z.infer<typeof FlowDraftSaved>;
export const FlowDraftSaves = pageOf(FlowDraftSaved).meta({ id: 'FlowDraftSaves' });

/** Without a body the draft is checked. */
export const FlowCheck = FlowDraftSave.nullish().meta({ id: 'FlowCheck' });
export type FlowCheck = z.infer<typeof FlowCheck>;

export const FlowChecked = z
  .object({
    valid: z.boolean(),
    problems: z.array(ProblemPlace),
    /** What its resources mean now, by name. */
    resources: z.record(z.string(), LockedResource),
  })
  .meta({ id: 'FlowChecked' });
export type FlowChecked = z.infer<typeof FlowChecked>;

export const FlowPublish = z
  .object({ note: line(10_000).optional() })
  .nullish()
  .meta({ id: 'FlowPublish' });
export type FlowPublish = z.infer<typeof FlowPublish>;

export const FlowVersion = z
  .object({
    flow: z.string(),
    version: z.number().int(),
    digest: z.string(),
    /** What it is locked to: by the resource's name, by `name@version` where a flow uses several. */
    lock: z.record(z.string(), LockedResource),
    note: z.string().nullable(),
    /** The draft that it was made from. */
    draftRevision: z.number().int(),
    publishedBy: z.string(),
    publishedAt: Time,
  })
  .meta({ id: 'FlowVersion' });
export type FlowVersion = z.infer<typeof FlowVersion>;
export const FlowVersionList = pageOf(FlowVersion).meta({ id: 'FlowVersionList' });

export const FlowVersionDetails = FlowVersion.extend({
  /** Locked: every resource by version and digest. */
  document: FlowDocument,
  /** The text that it was made from, with its comments and before locking. */
  text: z.string().nullable(),
}).meta({ id: 'FlowVersionDetails' });
export type FlowVersionDetails = z.infer<typeof FlowVersionDetails>;

const Side = z.string().regex(/^(?:draft|[1-9]\d{0,8})$/, 'a version from 1, or draft');
export const FlowDiffQuery = z.object({ from: Side, to: Side });
export type FlowDiffQuery = z.infer<typeof FlowDiffQuery>;

const change = {
  /** JSON pointer into the document. */
  pointer: z.string(),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
};
export const FlowDiffReply = z
  .object({
    from: z.string(),
    to: z.string(),
    same: z.boolean(),
    added: z.array(z.string()),
    removed: z.array(z.string()),
    rewired: z.array(
      z.object({ module: z.string(), before: z.array(z.string()), after: z.array(z.string()) }),
    ),
    changed: z.array(z.object({ module: z.string(), ...change })),
    parameters: z.array(z.object({ name: z.string(), ...change })),
  })
  .meta({ id: 'FlowDiffReply' });
export type FlowDiffReply = z.infer<typeof FlowDiffReply>;
