/**
 * What a node asks the director over HTTPS: everything that MQTT does too, slower.
 *
 * Guarantee: answers are checked by the schemas of the protocol before anything looks at them. Nothing is
 * asked again here; who asks knows when asking again makes sense.
 */
import {
  DownloadReply,
  OutboxReply,
  ReportReply,
  SignedDesired,
  TimeReply,
  type AlertMessage,
  type ResultMessage,
  type SignedReport,
} from '@millrace/schemas';
import type { z } from 'zod';
import { ask, expectBody, type Answer } from './http.js';

/** A time that took longer to come is no time. */
const TIME_MS = 5_000;

export interface DirectorApi {
  readonly url: string;
  /** The desired state, or undefined when it is the one of this ETag. */
  desired(
    etag: string | null,
    signal?: AbortSignal,
  ): Promise<{ state: SignedDesired; etag: string | null } | undefined>;
  report(report: SignedReport, signal?: AbortSignal): Promise<z.infer<typeof ReportReply>>;
  download(digest: string, signal?: AbortSignal): Promise<DownloadReply>;
  /** The director's clock, signed together with the nonce. */
  time(nonce: string): Promise<TimeReply>;
  send(messages: OutboxMessages, signal?: AbortSignal): Promise<z.infer<typeof OutboxReply>>;
}

export interface OutboxMessages {
  alerts?: AlertMessage[];
  results?: ResultMessage[];
}

export function directorApi(url: string, credential: string): DirectorApi {
  const to = (path: string) => `${url}/v1/agent/${path}`;
  const post = async <S extends z.ZodType>(path: string, body: unknown, reply: S, signal?: AbortSignal) => {
    const answer = await ask({ url: to(path), method: 'POST', body, bearer: credential, signal });
    return expectBody(reply, answer, to(path));
  };
  return {
    url,
    async desired(etag, signal) {
      const headers: Record<string, string> = etag === null ? {} : { 'if-none-match': etag };
      const answer: Answer = await ask({ url: to('desired'), bearer: credential, headers, signal });
      if (answer.status === 304) return undefined;
      return { state: expectBody(SignedDesired, answer, to('desired')), etag: answer.etag };
    },
    report: (report, signal) => post('report', report, ReportReply, signal),
    download: (digest, signal) => post('downloads', { digest }, DownloadReply, signal),
    async time(nonce) {
      const url = to(`time?nonce=${encodeURIComponent(nonce)}`);
      return expectBody(TimeReply, await ask({ url, bearer: credential, deadlineMs: TIME_MS }), url);
    },
    send: (messages, signal) => post('alerts', messages, OutboxReply, signal),
  };
}
