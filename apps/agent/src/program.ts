/** The agent as a program: joins when it has no identity and a token, runs until it is told to stop. */
import { Failure } from '@millrace/schemas';
import { startAgent } from './agent.js';
import { readConfig } from './config.js';
import { foldersOf } from './folders.js';
import { joinNode } from './identity/enrol.js';
import { readIdentity } from './identity/identity.js';
import { createLog } from './log.js';

try {
  const { join, ...config } = readConfig();
  const log = createLog(config.logLevel);
  if (join !== undefined && (await readIdentity(foldersOf(config.dataDir))) === undefined) {
    const { node, name } = await joinNode({ ...join, dataDir: config.dataDir });
    log.info({ node, name }, 'joined');
  }
  const agent = await startAgent(config, log);
  log.info({ node: agent.node, data: config.dataDir }, 'the agent runs');
  let stopping = false;
  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'the agent stops: its flows drain');
    void agent.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ error: String(error) }, 'the agent did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
} catch (error) {
  process.stderr.write(`${error instanceof Failure ? `${error.code}: ${error.message}` : String(error)}\n`);
  process.exit(1);
}
