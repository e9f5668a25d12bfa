/**
 * Conditional changes: an ETag names a state, If-Match says which state a change was made from.
 * Guarantee: two editors cannot silently overwrite each other; the second gets 412 with what is there now.
 */
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { Failure } from '@millrace/schemas';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The If-Match header as a parameter; hand it to `assertMatch`. */
export const IfMatch = createParamDecorator(
  (_: unknown, context: ExecutionContext) =>
    context.switchToHttp().getRequest<FastifyRequest>().headers['if-match'],
);

/** The same word for the same state: a revision number or a digest. */
export const etagOf = (state: string | number): string => `"${state}"`;

/** For controllers: `withEtag(reply, draft.revision, draft)`, where reply is `@Res({ passthrough: true })`. */
export function withEtag<Body>(reply: FastifyReply, state: string | number, body: Body): Body {
  void reply.header('etag', etagOf(state));
  return body;
}

/** Throws 428 without a header and 412 with an older one; `*` matches whatever is there. */
export function assertMatch(ifMatch: string | undefined, state: string | number, current: unknown): void {
  if (ifMatch === undefined) {
    throw new Failure(
      'platform.precondition-required',
      'Send If-Match with the ETag that you read, so that nobody else’s change is lost.',
    );
  }
  const tags = ifMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (!tags.includes('*') && !tags.includes(etagOf(state))) {
    throw new Failure(
      'platform.precondition-failed',
      `This was changed since you read it; it is now ${etagOf(state)}. Read it again and make your change there.`,
      { current },
    );
  }
}
