/** act.http: rows that may act, as requests. */
import type { Create } from '@millrace/engine';
import { Failure } from '@millrace/schemas';
import { call, withoutQuery } from '../../http/call.js';
import { Actor } from '../actor.js';
import type { HttpActSettings } from './kind.js';

/** Of an answer; nothing of it is needed but the beginning, for the error. */
const ANSWER_BYTES = 64 * 1024;
const TOLD = 200;
const CLOSE_MS = 1000;

export const create: Create<HttpActSettings> = (context) => {
  const { settings } = context;
  const ending = new AbortController();
  return new Actor(context, {
    async send(body, deadlineMs) {
      const answer = await call(settings, {
        method: settings.method,
        body,
        contentType: 'application/json',
        timeoutMs: deadlineMs,
        maxBytes: ANSWER_BYTES,
        signal: ending.signal,
      });
      if (answer.status >= 200 && answer.status < 300) return;
      const said = answer.body.toString('utf8').slice(0, TOLD);
      throw new Failure(
        'engine.http-unanswered',
        `${withoutQuery(settings.url)} answered ${answer.status}${said === '' ? '.' : `: ${said}`}`,
      );
    },
    async close() {
      setTimeout(() => ending.abort(), CLOSE_MS).unref();
    },
  });
};
