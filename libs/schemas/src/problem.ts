/**
 * Problems: the one table of codes that every part of Millrace fails with, and the error that carries them.
 *
 * Guarantee: a code, once released, keeps its meaning; clients switch on the code and never on the text.
 * A table a room lies in problems/; this file joins them and does nothing else.
 */
import { z } from 'zod';
import { access } from './problems/access.js';
import { alerts } from './problems/alerts.js';
import { catalogue } from './problems/catalogue.js';
import { deployments } from './problems/deployments.js';
import { engine } from './problems/engine.js';
import { fleet } from './problems/fleet.js';
import { flows } from './problems/flows.js';
import { platform } from './problems/platform.js';
import type { ProblemRow } from './problems/table.js';

export type { ProblemKind, ProblemRow } from './problems/table.js';

export const problems = {
  ...platform,
  ...access,
  ...flows,
  ...catalogue,
  ...fleet,
  ...deployments,
  ...alerts,
  ...engine,
} as const;

export type ProblemCode = keyof typeof problems;

/** One place that is wrong: where it stands in the request or document, and what to do about it. */
export const ProblemPlace = z
  .object({
    code: z.string().optional(),
    /** JSON pointer (RFC 6901) into the body or document, such as `/modules/clean/settings/min`. */
    pointer: z.string().optional(),
    module: z.string().optional(),
    field: z.string().optional(),
    /** 1-based line in a file. */
    line: z.number().int().positive().optional(),
    detail: z.string(),
  })
  .meta({ id: 'ProblemPlace' });
export type ProblemPlace = z.infer<typeof ProblemPlace>;

/** RFC 9457 problem details, as every error of the REST API is sent (`application/problem+json`). */
export const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().optional(),
    instance: z.string().optional(),
    code: z.string(),
    errors: z.array(ProblemPlace).optional(),
    requestId: z.string().optional(),
    /** Seconds after which asking again makes sense. */
    retryAfter: z.number().optional(),
    /** On 412: the resource as it is now, so that nothing is overwritten unseen. */
    current: z.unknown().optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

export interface FailureOptions {
  errors?: ProblemPlace[];
  retryAfter?: number;
  current?: unknown;
  cause?: unknown;
}

/**
 * The error that rules, services and the agent throw: a code of the table and a sentence for a person that
 * names the place and the way out. Anything thrown that is not a Failure is a bug.
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly errors: ProblemPlace[];
  readonly retryAfter?: number;
  readonly current?: unknown;

  constructor(
    readonly code: ProblemCode,
    detail: string,
    options: FailureOptions = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.errors = options.errors ?? [];
    this.retryAfter = options.retryAfter;
    this.current = options.current;
  }

  get row(): ProblemRow {
    return problems[this.code];
  }
}
