import type { Command } from 'commander';

interface Options {
  data?: string;
  url?: string;
  token?: string;
  name?: string;
}

export function addAgent(program: Command): void {
  const agent = program.command('agent').summary('the agent of this node');
  agent
    .command('run')
    .summary('run the agent until it is told to stop')
    .description(
      'Runs the agent: hears what the director wants of this node, makes it so, and tells. With --url and --token it ' +
        'joins first when the folder holds no identity yet. Variables: docs/configuration-agent.md.',
    )
    .option('--data <dir>', "folder of the node's identity, flows and models (default: MILLRACE_DATA)")
    .option('--url <url>', 'address of the director, to join (default: MILLRACE_URL)')
    .option('--token <code>', 'join token, used once (default: MILLRACE_TOKEN)')
    .option('--name <name>', 'name to join with (default: MILLRACE_NAME, or the host name)')
    .action(async (options: Options) => {
      await import('@millrace/agent/young-space');
      const { runAgent } = await import('../agent/run.js');
      await runAgent(options);
      process.exit();
    });
}
