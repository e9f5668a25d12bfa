/**
 * A PUT that tells how far it is: `fetch` does not know of what it sends. The same shape as `fetch`, as far as
 * uploads of parts use it.
 */
export function sendWithProgress(onProgress: (sentBytes: number) => void): typeof fetch {
  return (input, init) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(init?.method ?? 'GET', String(input));
      request.upload.addEventListener('progress', ({ loaded }) => onProgress(loaded));
      request.addEventListener('load', () => {
        onProgress(0);
        resolve(new Response(request.responseText, { status: request.status }));
      });
      request.addEventListener('error', () => {
        onProgress(0);
        reject(new TypeError('the object store cannot be reached'));
      });
      request.addEventListener('abort', () =>
        reject(init?.signal?.reason ?? new DOMException('stopped', 'AbortError')),
      );
      const away = () => request.abort();
      init?.signal?.addEventListener('abort', away, { once: true });
      // What still listened would keep the bytes of each part until the whole upload is over.
      request.addEventListener('loadend', () => init?.signal?.removeEventListener('abort', away));
      request.send(init?.body as XMLHttpRequestBodyInit);
    });
}
