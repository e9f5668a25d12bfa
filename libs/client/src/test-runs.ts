/**
 * Test runs of the room `flows`: files that they read, and the run itself, which lives as long as somebody reads
 * its events.
 *
 * Guarantee: leaving the loop, or the signal, ends the run on the director; a run whose line is cut is a Failure
 * and never looks as if it had ended well. Safe in a browser.
 */
import {
  Failure,
  TestFile,
  TestFileList,
  TestRunEvent,
  type PageQuery,
  type TestRunRequest,
} from '@millrace/schemas';
import type { Http } from './http.js';
import { segment } from './pages.js';
import { asJson, sentEvents } from './sse.js';

/** 64 MiB at 1 Mbit/s. */
const UPLOAD_MS = 10 * 60_000;
/** The director speaks at least every 15 s. */
const SILENT_MS = 45_000;

export const testRunsOf = (http: Http) => ({
  /** CSV or JSON lines. Progress is what only XMLHttpRequest tells: who needs it sends the file itself. */
  uploadTestFile: (
    file: Blob | Uint8Array<ArrayBuffer>,
    name: string,
    { signal }: { signal?: AbortSignal } = {},
  ) =>
    http.ask(TestFile, 'POST', '/v1/test-files', {
      query: { name },
      text: { content: file, type: 'application/octet-stream' },
      timeoutMs: UPLOAD_MS,
      signal,
    }),
  testFiles: (query: PageQuery = {}) => http.ask(TestFileList, 'GET', '/v1/test-files', { query }),
  removeTestFile: (id: string) => http.tell('DELETE', `/v1/test-files/${segment(id)}`),
  /** `ended` is the last event. */
  async *testRun(
    name: string,
    request: TestRunRequest,
    { signal }: { signal?: AbortSignal } = {},
  ): AsyncGenerator<TestRunEvent> {
    const over = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => over.abort(cutOff('it has been silent for too long')), SILENT_MS);
    };
    try {
      const path = `/v1/flows/${segment(name)}:test-run`;
      const headers = { accept: 'text/event-stream' };
      const ends = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
      const response = await http.stream(path, { body: request, headers, signal: ends }, 'POST');
      heard();
      for await (const { data } of sentEvents(response, heard)) {
        const event = TestRunEvent.safeParse(asJson(data));
        if (!event.success) continue;
        yield event.data;
        if (event.data.event === 'ended') return;
      }
      throw cutOff('the director ended the stream');
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw error instanceof Failure ? error : cutOff(error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  },
});

const cutOff = (why: string): Failure =>
  new Failure('platform.unavailable', `The test run was cut off: ${why}. Start it again.`);
