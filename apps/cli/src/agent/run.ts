/**
 * `millrace agent run`: joins when it must, runs until a signal.
 *
 * Guarantee: its flows drain before it ends. Started by another Millrace process (with a channel to it), it
 * also ends when that process is gone, however it ended.
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { joinNode, readConfig, startAgent } from '@millrace/agent';
import { talk } from '../output/talk.js';

export interface AgentOptions {
  data?: string;
  url?: string;
  token?: string;
  name?: string;
}

export async function runAgent(options: AgentOptions): Promise<void> {
  const { env } = process;
  const { join: joining, ...config } = readConfig({
    ...env,
    MILLRACE_DATA: options.data ?? env.MILLRACE_DATA,
    MILLRACE_URL: options.url ?? env.MILLRACE_URL,
    MILLRACE_TOKEN: options.token ?? env.MILLRACE_TOKEN,
    MILLRACE_NAME: options.name ?? env.MILLRACE_NAME,
  });
  const told = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
    if (process.connected) process.on('disconnect', () => resolve());
  });
  if (joining !== undefined && !(await hasIdentity(config.dataDir))) {
    const { node, name } = await joinNode({ ...joining, dataDir: config.dataDir });
    talk(`joined ${joining.url} as ${name} (${node})`);
  }
  const agent = await startAgent(config);
  talk(`the agent of node ${agent.node} runs; its folder is ${config.dataDir}`);
  process.send?.({ running: true });
  await told;
  talk('stopping: flows drain first');
  await agent.close();
}

/** Where the agent keeps who it is. */
async function hasIdentity(dataDir: string): Promise<boolean> {
  return access(join(dataDir, 'identity.json')).then(
    () => true,
    () => false,
  );
}
