/**
 * An answer that stays open: server-sent events for one caller.
 *
 * Guarantee: a credential that ended or lost its permission ends the stream within 4 s, and nothing is kept
 * for somebody who does not read: `send` cuts them off when too much waits, `offer` leaves the event out, `pass`
 * lets whoever tells it wait. What comes after the end goes nowhere. It knows nothing of what it carries.
 */
import { Injectable } from '@nestjs/common';
import type { Permission } from '@millrace/schemas';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Authentication } from './authentication.js';

const RECHECK_MS = 3_000;
const HEARTBEAT_MS = 15_000; // under the 30 s after which the most impatient proxies cut a silent line
/** For what is still on its way at the end: whoever does not read it in time has left without closing. */
const READ_MS = 30_000;
/** Events that may wait for one who reads slowly. */
const WAITING_AT_MOST = 500;
/** Of those that may be left out: one under way and one behind it. */
const OFFERED_AT_MOST = 2;

export interface EventStream {
  /** Must arrive, or the stream ends. */
  send(event: string, data: unknown, id?: string): void;
  /** May be left out when the one before has not gone yet. False: it was. */
  offer(event: string, data: unknown): boolean;
  /** Data that is JSON already. Resolves when it has left, or when nobody is there any more. */
  pass(event: string, json: string): Promise<void>;
  /** Called once, when it ended, whoever ended it; at once when they left before it began. */
  onClose(then: () => void): void;
  end(): void;
}

@Injectable()
export class EventStreams {
  constructor(private readonly authentication: Authentication) {}

  /** Takes the answer over; the route must have checked the same permission already. */
  open(request: FastifyRequest, reply: FastifyReply, permission: Permission): EventStream {
    const token = (request.headers.authorization ?? '').replace(/^Bearer +/i, '');
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-request-id': request.id,
    });
    raw.write(': hello\n\n');

    let waiting = 0;
    const write = (text: string) =>
      new Promise<void>((left) => {
        if (raw.writableEnded || raw.destroyed) return left();
        waiting += 1;
        raw.write(text, () => {
          waiting -= 1;
          left();
        });
      });
    const told = (event: string, data: unknown, id?: string) => {
      const head = id === undefined ? '' : `id: ${id}\n`;
      void write(`${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    };
    let late: NodeJS.Timeout | undefined;
    const end = () => {
      if (raw.writableEnded || raw.destroyed) return;
      late = setTimeout(() => raw.destroy(), READ_MS);
      raw.end();
    };
    const heartbeat = setInterval(() => void write(': still here\n\n'), HEARTBEAT_MS);
    const recheck = setInterval(() => {
      this.authentication.who(token).then((now) => {
        if (!now.permissions.has(permission)) end();
      }, end);
    }, RECHECK_MS);
    // Somebody may have left while it was looked up what to say; then no `close` comes any more.
    const onClose = (then: () => void) => {
      if (raw.destroyed) then();
      else raw.once('close', then);
    };
    onClose(() => {
      for (const timer of [heartbeat, recheck, late]) clearTimeout(timer);
    });
    return {
      send(event, data, id) {
        if (waiting >= WAITING_AT_MOST) raw.destroy();
        else told(event, data, id);
      },
      offer(event, data) {
        if (waiting >= OFFERED_AT_MOST) return false;
        told(event, data);
        return true;
      },
      pass: (event, json) => write(`event: ${event}\ndata: ${json}\n\n`),
      onClose,
      end,
    };
  }
}
