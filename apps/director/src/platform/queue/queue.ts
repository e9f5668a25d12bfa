/**
 * Port: wakes a handler soon, later, or again and again. Behind it stands BullMQ, on Redis or on PostgreSQL.
 *
 * A job is a wake-up and no more: it may be lost, late or come twice. What is to be done stands in the tables;
 * a handler looks there, and a tick finds what a lost wake-up left.
 */
export type Handler = (payload: Record<string, string>) => Promise<void>;

export abstract class Queue {
  /** Say it in `tx.afterCommit`. Returns at once; a wake-up that cannot be kept is logged and lost. */
  abstract wake(name: string, payload: Record<string, string>, options?: { delayMs?: number }): void;
  /** One handler a name, registered before the director starts to work. It throws to be tried again. */
  abstract on(name: string, handler: Handler): void;
  /** Wakes `name` with an empty payload every so often, once for all directors. */
  abstract every(name: string, everyMs: number): void;
  /** Begins to work through what waits. */
  abstract start(): Promise<void>;
  abstract check(): Promise<void>;
  /** Lets running handlers finish, at most 10 s. */
  abstract close(): Promise<void>;
}
