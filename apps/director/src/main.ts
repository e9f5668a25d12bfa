/** The director as a process of its own: configuration from the environment, ends with SIGTERM or SIGINT. */
import 'reflect-metadata';
import { Failure } from '@millrace/schemas';
import { startDirector } from './director.js';
import { readConfig } from './platform/config.js';

try {
  const director = await startDirector(readConfig());
  process.stdout.write(
    `${JSON.stringify({ ready: true, url: director.url, mqttUrl: director.mqttUrl, ...director.firstAdmin })}\n`,
  );
  let ending = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (ending) return;
      ending = true;
      void director.close().then(() => process.exit(0));
    });
  }
} catch (error) {
  process.stderr.write(`${error instanceof Failure ? error.message : (error as Error).stack}\n`);
  process.exit(1);
}
