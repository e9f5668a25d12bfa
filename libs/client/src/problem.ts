/** From an answer that is no success to a Failure with the problem's own code, sentence and places. */
import { Failure, Problem, problems, type ProblemCode } from '@millrace/schemas';

export async function failureOf(response: Response, url: string): Promise<Failure> {
  const body: unknown = await response.json().catch(() => undefined);
  const retryAfter = secondsOf(response.headers.get('retry-after'));
  const parsed = Problem.safeParse(body);
  if (!parsed.success) {
    return new Failure(
      codeOfStatus(response.status),
      `${url} answered ${response.status} and no word why. Is it a Millrace director?`,
      { retryAfter },
    );
  }
  const { code, detail, title, errors, current } = parsed.data;
  const sentence = detail ?? title;
  return new Failure(
    knownCode(code) ?? codeOfStatus(response.status),
    knownCode(code) === undefined ? `${code}: ${sentence}` : sentence,
    { errors, current, retryAfter: parsed.data.retryAfter ?? retryAfter },
  );
}

/** A newer director may have codes that this version lacks. */
export function knownCode(code: string): ProblemCode | undefined {
  return Object.hasOwn(problems, code) ? (code as ProblemCode) : undefined;
}

/** The code that is nearest to a status, for answers that bring no code that is known. */
function codeOfStatus(status: number): ProblemCode {
  const near: Record<number, ProblemCode> = {
    401: 'access.unauthenticated',
    403: 'access.forbidden',
    404: 'platform.not-found',
    412: 'platform.precondition-failed',
    413: 'platform.body-too-large',
    429: 'platform.too-many-requests',
    502: 'platform.unavailable',
    503: 'platform.unavailable',
    504: 'platform.unavailable',
  };
  return near[status] ?? (status >= 500 ? 'platform.bug' : 'platform.invalid-request');
}

/** Retry-After in seconds or as a date. */
function secondsOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1_000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}
