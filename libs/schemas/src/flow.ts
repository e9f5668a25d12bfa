/**
 * The flow document: what a person writes as YAML or JSON, and what a flow version keeps.
 *
 * Guarantee: exactly the words of a flow, with no defaults and no transforms, so what is parsed is what was
 * written. Unlike messages, a flow refuses words that it does not know: an unknown word in a flow is a
 * misspelt one, and leaving it out would change what runs. What the settings of a module mean is said by its
 * kind, and whether the whole makes sense by `checkFlow`; neither is done here.
 */
import { z } from 'zod';

/** Ids of modules; a dot stands between a module and its port, so there is none inside an id. */
export const MODULE_ID = /^[a-z][a-zA-Z0-9_]*$/;
export const PARAMETER_NAME = /^[a-zA-Z][a-zA-Z0-9_]*$/;
/** Names of flows and resources stand in URLs and before `@`. */
export const NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,126}[a-zA-Z0-9])?$/;

export const FlowParameter = z
  .strictObject({
    type: z.enum(['string', 'number', 'integer', 'boolean', 'secret']),
    default: z.union([z.string(), z.number(), z.boolean()]).optional(),
    description: z.string().max(2_000).optional(),
  })
  .meta({ id: 'FlowParameter' });
export type FlowParameter = z.infer<typeof FlowParameter>;

export const FlowModule = z
  .strictObject({
    /** `category.name`, such as `clean.range`. */
    type: z.string().min(1).max(128),
    /** `module` (its port `out`) or `module.port`, in the order in which the inputs count. */
    from: z.array(z.string().min(1).max(260)).max(256).optional(),
    settings: z.record(z.string(), z.unknown()).optional(),
    /** What happens to a record that fails: stop the flow, drop and count it, or send it to the port `error`. */
    onError: z.enum(['stop', 'skip', 'port']).optional(),
    /** The bounded queue before the module: `size` in records, and what gives way when it is full. */
    queue: z
      .strictObject({
        size: z.number().int().min(1).max(10_000_000).optional(),
        full: z.enum(['block', 'dropOldest', 'dropNewest']).optional(),
      })
      .optional(),
  })
  .meta({ id: 'FlowModule' });
export type FlowModule = z.infer<typeof FlowModule>;

export const FlowDocument = z
  .strictObject({
    apiVersion: z.literal('millrace/v1'),
    kind: z.literal('Flow'),
    metadata: z.strictObject({
      name: z
        .string()
        .regex(NAME, 'A name has letters, digits, dots, dashes and underscores, and at most 128 of them'),
      description: z.string().max(10_000).optional(),
    }),
    parameters: z.record(z.string(), FlowParameter).optional(),
    modules: z.record(z.string(), FlowModule),
    /** Positions on the canvas by module id; no part of the digest. */
    layout: z.record(z.string(), z.strictObject({ x: z.number(), y: z.number() })).optional(),
  })
  .meta({ id: 'FlowDocument' });
export type FlowDocument = z.infer<typeof FlowDocument>;

/** What a version locks for one resource that it names. `digest` is `sha256:` and 64 hexadecimal digits. */
export const ResourceLock = z
  .object({
    version: z.number().int().min(1),
    digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
    kind: z.string().min(1).max(64),
  })
  .meta({ id: 'ResourceLock' });
export type ResourceLock = z.infer<typeof ResourceLock>;

/** By the resource's name; by `name@version` where one flow uses several versions of a resource. */
export const FlowLock = z.record(z.string(), ResourceLock).meta({ id: 'FlowLock' });
export type FlowLock = z.infer<typeof FlowLock>;
