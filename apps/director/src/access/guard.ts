/**
 * The guard of every route. A route says who may: @Needs(permission), @SignedIn, @ForNodes or @Public;
 * one that says nothing is closed.
 *
 * Guarantee: a node's credential opens no user route and the other way round, and a permission that was taken
 * away is gone at the next request, since nothing is cached.
 */
import {
  applyDecorators,
  Injectable,
  Optional,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiBearerAuth } from '@nestjs/swagger';
import { Failure, type Permission } from '@millrace/schemas';
import type { FastifyRequest } from 'fastify';
import { Authentication } from './authentication.js';
import { parseCredential } from './credential.js';
import { NodeCredentials } from './node-credentials.js';
import type { NodePrincipal } from './principal.js';

type Rule = { who: 'people'; permission?: Permission } | { who: 'nodes' } | { who: 'anybody' };
const RULE = 'millrace:who-may';

export const Needs = (permission: Permission) =>
  applyDecorators(SetMetadata(RULE, { who: 'people', permission } satisfies Rule), ApiBearerAuth());
export const SignedIn = () =>
  applyDecorators(SetMetadata(RULE, { who: 'people' } satisfies Rule), ApiBearerAuth());
export const ForNodes = () =>
  applyDecorators(SetMetadata(RULE, { who: 'nodes' } satisfies Rule), ApiBearerAuth());
export const Public = () => SetMetadata(RULE, { who: 'anybody' } satisfies Rule);

@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authentication: Authentication,
    @Optional() private readonly nodes?: NodeCredentials,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.getAllAndOverride<Rule | undefined>(RULE, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!rule)
      throw new Error(`${context.getClass().name}.${context.getHandler().name} does not say who may`);
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (rule.who === 'anybody') return true;
    if (rule.who === 'nodes') request.caller = await this.node(request);
    else {
      const principal = await this.authentication.who(bearer(request), request.id);
      request.caller = principal;
      if (rule.permission && !principal.permissions.has(rule.permission)) {
        throw new Failure(
          'access.forbidden',
          `This needs the permission ${rule.permission}. Ask an admin for a role or a token that has it.`,
        );
      }
    }
    return true;
  }

  private async node(request: FastifyRequest): Promise<NodePrincipal> {
    const credential = parseCredential(bearer(request));
    if (credential?.kind !== 'node' || !(await this.nodes?.verify(credential, credential.secret))) {
      throw new Failure(
        'access.unauthenticated',
        'This is no credential of a node, or it was revoked. Let the node join again.',
      );
    }
    const { organization, node } = credential;
    return { kind: 'node', organization, node, actor: `node:${node}`, requestId: request.id };
  }
}

function bearer(request: FastifyRequest): string {
  const match = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
  if (!match?.[1]) {
    throw new Failure(
      'access.unauthenticated',
      'Send Authorization: Bearer with the token of POST /v1/sessions or an API token.',
    );
  }
  return match[1];
}
