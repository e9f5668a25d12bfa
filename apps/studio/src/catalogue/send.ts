/** A file of this page as something to send: a part is a slice, which the browser reads from the disk as it leaves. */
import type { Content } from '@millrace/client';

/** By XMLHttpRequest: `fetch` does not know of what it sends. */
export const fileContent = (file: File): Content => ({
  put: ({ url, offset, length }, { signal, onSent }) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open('PUT', url);
      request.upload.addEventListener('progress', ({ loaded }) => onSent(loaded));
      request.addEventListener('load', () => resolve({ status: request.status, text: request.responseText }));
      request.addEventListener('error', () => reject(new TypeError('the object store cannot be reached')));
      request.addEventListener('abort', () =>
        reject(signal.reason ?? new DOMException('stopped', 'AbortError')),
      );
      const away = () => request.abort();
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', away, { once: true });
      request.addEventListener('loadend', () => signal.removeEventListener('abort', away));
      request.send(file.slice(offset, offset + length));
    }),
});
