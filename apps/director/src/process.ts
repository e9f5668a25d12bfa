/** The director as a process: one JSON line when it is ready, ends with SIGTERM or SIGINT, says why it cannot. */
import { Failure } from '@millrace/schemas';
import { startDirector, type StartOptions } from './director.js';
import { readConfig, type Config } from './platform/config.js';

export async function runDirector(partOf: (config: Config) => StartOptions['part']): Promise<void> {
  try {
    const config = readConfig();
    const part = partOf(config);
    const director = await startDirector(config, { part });
    const { url, mqttUrl, firstAdmin } = director;
    process.stdout.write(`${JSON.stringify({ ready: true, part, url, mqttUrl, ...firstAdmin })}\n`);
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
}
