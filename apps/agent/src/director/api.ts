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
  type AlertMessage,
  type ResultMessage,
  type SignedReport,
} from '@millrace/schemas';
import type { z } from 'zod';
import { ask, expectBody, type Answer } from './http.js';

export interface DirectorApi {
  readonly url: string;
  /** The desired state, or undefined when it is the one of this ETag. */
  desired(
    etag: string | null,
    signal?: AbortSignal,
  ): Promise<{ state: SignedDesired; etag: string | null } | undefined>;
  report(report: SignedReport, signal?: AbortSignal): Promise<z.infer<typeof ReportReply>>;
  download(digest: string, signal?: AbortSignal): Promise<DownloadReply>;
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
    // Alerts and results have an address each, so that one kind cannot hold up the other.
    send: (messages, signal) =>
      post(messages.results === undefined ? 'alerts' : 'results', messages, OutboxReply, signal),
  };
}
