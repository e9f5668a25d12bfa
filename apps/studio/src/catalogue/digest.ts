/** The digest of a file that lies on the person's disk: `sha256:` and 64 hexadecimal digits. */
import type { DigestSays } from './digest.worker.js';

export function digestOf(
  file: File,
  onProgress: (doneBytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./digest.worker.ts', import.meta.url), { type: 'module' });
    const end = () => worker.terminate();
    const give = (error: unknown) => {
      end();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    signal.addEventListener('abort', () => give(signal.reason), { once: true });
    worker.addEventListener('error', (event) => give(new Error(event.message)));
    worker.addEventListener('message', ({ data }: MessageEvent<DigestSays>) => {
      if ('done' in data) onProgress(data.done);
      else if ('failed' in data) give(new Error(`${file.name} cannot be read: ${data.failed}`));
      else {
        end();
        resolve(data.digest);
      }
    });
    worker.postMessage(file);
  });
}
