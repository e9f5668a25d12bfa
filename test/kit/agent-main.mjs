/** An agent as a process of its own with the test's modules: `node agent-main.mjs DATA POLL_MS`. */
import { fileURLToPath } from 'node:url';
import { agentConfig, startAgent } from '../../apps/agent/dist/index.js';

const [dataDir, pollMs = '500'] = process.argv.slice(2);
const hostEntry = fileURLToPath(new URL('flow-host.mjs', import.meta.url));
const agent = await startAgent(
  agentConfig({ dataDir, pollMs: Number(pollMs), hostEntry, logLevel: process.env.LOG ?? 'silent' }),
);
process.stdout.write(`${agent.node}\n`);
process.on('SIGTERM', () => void agent.close().then(() => process.exit(0)));
