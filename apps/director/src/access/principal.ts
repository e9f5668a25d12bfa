/** Who a request comes from, as routes and services see it. */
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Permission, Role } from '@millrace/schemas';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../platform/http/request.js';

/** A person or a program with a token. */
export interface Principal extends Caller {
  kind: 'user' | 'token';
  /** Of the user or the token. */
  id: string;
  name: string;
  email?: string;
  role?: Role;
  permissions: ReadonlySet<Permission>;
  /** The user behind it, also behind a token. */
  person: string;
  /** Ids of the groups whose nodes they may change something of; null: of all. */
  groups: ReadonlySet<string> | null;
}

/** How a sentence says who it was. */
export const nameOf = ({ kind, name, email }: Principal): string =>
  kind === 'token' ? `the token ${name}` : name || email || 'a person';

/** An agent, by its node's credential. */
export interface NodePrincipal extends Caller {
  kind: 'node';
  node: string;
}

/** The person or program behind the request; on routes with @Needs or @SignedIn. */
export const Who = createParamDecorator((_: unknown, context: ExecutionContext) => principalOf(context));

/** The node behind the request; on routes with @ForNodes. */
export const WhichNode = createParamDecorator((_: unknown, context: ExecutionContext) =>
  principalOf(context),
);

function principalOf(context: ExecutionContext): Caller {
  const { caller } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!caller) throw new Error('this route asks who calls and does not say who may');
  return caller;
}

/** For what happens by itself: first start, ticks, reports. */
export const system = (organization: string): Caller => ({ organization, actor: 'system' });
