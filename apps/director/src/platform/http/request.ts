/** What the platform knows of a request beyond Fastify's own: whose it is, once a guard has found out. */
export interface Caller {
  organization: string;
  /** Who, in the words of the audit log: `user:ID`, `token:ID`, `node:ID`, `system`. */
  actor: string;
  requestId?: string;
  /** The Idempotency-Key that this request has claimed: marked when its change is committed. */
  idempotencyKey?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller?: Caller;
  }
}
