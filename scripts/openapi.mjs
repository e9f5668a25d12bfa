/**
 * docs/api/openapi.json: what a running director says of itself at /v1/openapi.json. Needs a build; the director
 * starts with embedded services in a folder of its own, on free ports, and is ended again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const openApiPage = fileURLToPath(new URL('../docs/api/openapi.json', import.meta.url));

/** The document as it is kept: readable, and the same whenever the routes are the same. */
export function openApiText(document) {
  return `${JSON.stringify(document, null, 2)}\n`;
}

export async function openApiOfDirector() {
  const { readConfig, startDirector } = await import('../apps/director/dist/index.js');
  const data = await mkdtemp(join(tmpdir(), 'millrace-docs-'));
  try {
    const director = await startDirector(
      readConfig({
        MILLRACE_DATA: data,
        MILLRACE_PORT: '0',
        MILLRACE_MQTT_PORT: '0',
        MILLRACE_LOG_LEVEL: 'error',
      }),
    );
    try {
      const answer = await fetch(`${director.url}/v1/openapi.json`, { signal: AbortSignal.timeout(30_000) });
      return openApiText(await answer.json());
    } finally {
      await director.close();
    }
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}
