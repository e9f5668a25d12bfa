/**
 * An answer that stays open: server-sent events for one caller.
 *
 * Guarantee: a credential that ended or lost its permission ends the stream within 4 s, and nothing is kept
 * for somebody who does not read: `send` cuts them off when too much waits, `offer` leaves the event out. It
 * knows nothing of what it carries.
 */
import { Injectable } from '@nestjs/common';
import type { Permission } from '@millrace/schemas';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Authentication } from './authentication.js';

const RECHECK_MS = 3_000;
const HEARTBEAT_MS = 15_000; // under the 30 s after which the most impatient proxies cut a silent line
/** Events that may wait for one who reads slowly. */
const WAITING_AT_MOST = 500;
/** Of those that may be left out: one under way and one behind it. */
const OFFERED_AT_MOST = 2;

export interface EventStream {
  /** Must arrive, or the stream ends. */
  send(event: string, data: unknown, id?: string): void;
  /** May be left out when the one before has not gone yet. False: it was. */
  offer(event: string, data: unknown): boolean;
  /** Called once, when it ended, whoever ended it. */
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
    const write = (event: string, data: unknown, id?: string) => {
      waiting += 1;
      const head = id === undefined ? '' : `id: ${id}\n`;
      raw.write(`${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`, () => (waiting -= 1));
    };
    const heartbeat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT_MS);
    const recheck = setInterval(() => {
      this.authentication.who(token).then(
        (now) => {
          if (!now.permissions.has(permission)) raw.end();
        },
        () => raw.end(),
      );
    }, RECHECK_MS);
    raw.on('close', () => {
      clearInterval(heartbeat);
      clearInterval(recheck);
    });
    return {
      send(event, data, id) {
        if (waiting >= WAITING_AT_MOST) raw.destroy();
        else write(event, data, id);
      },
      offer(event, data) {
        if (waiting >= OFFERED_AT_MOST) return false;
        write(event, data);
        return true;
      },
      onClose: (then) => void raw.on('close', then),
      end: () => void raw.end(),
    };
  }
}
