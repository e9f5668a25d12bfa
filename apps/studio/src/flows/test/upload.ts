/** A test file to the director, with progress, which only XMLHttpRequest tells. */
import { Failure, Problem, problems, TestFile, type ProblemCode } from '@millrace/schemas';
import { session } from '../../data/session.js';

interface UploadOptions {
  signal: AbortSignal;
  /** Of 1. */
  onProgress(share: number): void;
}

/** No byte went for so long: the line is cut. */
const SILENT_MS = 60_000;

export function sendTestFile(file: File, { signal, onProgress }: UploadOptions): Promise<TestFile> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let silence: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => {
        reject(cut(file, 'nothing went for a minute'));
        request.abort();
      }, SILENT_MS);
    };
    const away = () => {
      reject(signal.reason as Error);
      request.abort();
    };
    request.open('POST', `/v1/test-files?name=${encodeURIComponent(file.name.slice(0, 255))}`);
    request.setRequestHeader('authorization', `Bearer ${session.get()?.token ?? ''}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      heard();
      onProgress(total > 0 ? loaded / total : 0);
    });
    request.addEventListener('load', () => {
      try {
        resolve(answerOf(request, file));
      } catch (error) {
        reject(error as Error);
      }
    });
    request.addEventListener('error', () =>
      reject(cut(file, 'the line was cut, or the file has changed on the disk')),
    );
    request.addEventListener('loadend', () => {
      clearTimeout(silence);
      signal.removeEventListener('abort', away);
    });
    if (signal.aborted) return away();
    signal.addEventListener('abort', away, { once: true });
    heard();
    request.send(file);
  });
}

function answerOf({ status, responseText }: XMLHttpRequest, file: File): TestFile {
  const body = asJson(responseText);
  if (status === 201) {
    const sent = TestFile.safeParse(body);
    if (sent.success) return sent.data;
  }
  if (status === 401) session.end('Your session has ended. Sign in again: what you drew is kept.');
  const problem = Problem.safeParse(body);
  if (!problem.success) throw cut(file, `the director answered ${status}`);
  const { code, detail, title } = problem.data;
  const known = Object.hasOwn(problems, code) ? (code as ProblemCode) : 'platform.invalid-request';
  throw new Failure(known, detail ?? title);
}

const cut = (file: File, why: string): Failure =>
  new Failure('platform.unavailable', `${file.name} was not sent: ${why}. Send it again.`);

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
