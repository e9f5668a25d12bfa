/**
 * One part of a file, or of bytes, to its link: streamed, told as it leaves.
 *
 * Guarantee: of a part only what is between disk and network is in memory, some 100 KB; the file is closed however it
 * ends. An answer that comes before all has left ends the sending.
 */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { request as plain, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as secure } from 'node:https';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Content } from '@millrace/client';

/** Read from the disk at a time. */
const CHUNK = 128 * 1024;

export const fileContent = (path: string): Content =>
  contentOf((start, length) =>
    createReadStream(path, { start, end: start + length - 1, highWaterMark: CHUNK }),
  );

/** What is in memory already. */
export const bytesContent = (bytes: Uint8Array): Content =>
  contentOf((start, length) => Readable.from([Buffer.from(bytes.subarray(start, start + length))]));

const contentOf = (read: (start: number, length: number) => Readable): Content => ({
  async put({ url, offset, length }, { signal, onSent }) {
    const target = new URL(url);
    const asked = (target.protocol === 'https:' ? secure : plain)(target, {
      method: 'PUT',
      headers: { 'content-length': String(length), 'content-type': 'application/octet-stream' },
      signal,
    });
    const answered = answerOf(asked);
    const over = new AbortController();
    const part = read(offset, length);
    const sending = send(part, asked, over.signal, onSent);
    try {
      const response = await Promise.race([answered, sending.then(() => answered)]);
      return { status: response.statusCode ?? 0, text: await text(response) };
    } catch (error) {
      asked.destroy();
      throw signal.aborted ? signal.reason : error;
    } finally {
      over.abort();
      part.destroy();
      if (!asked.writableEnded) asked.destroy();
      await sending.catch(() => undefined);
    }
  },
});

async function send(
  part: AsyncIterable<Buffer>,
  asked: ClientRequest,
  over: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<void> {
  let sent = 0;
  for await (const chunk of part) {
    if (over.aborted) return;
    if (!asked.write(chunk)) await once(asked, 'drain', { signal: over });
    onSent((sent += chunk.length));
  }
  asked.end();
}

function answerOf(asked: ClientRequest): Promise<IncomingMessage> {
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    asked.on('response', resolve);
    asked.on('error', reject);
    asked.on('close', () => reject(new Error('the object store closed the connection.')));
  });
  // It may fail while only the sending is waited for.
  answer.catch(() => undefined);
  return answer;
}
