import type { Command } from 'commander';
import { share, wholeNumber } from '../references.js';
import { collect, pairsOf, UsageError } from '../usage.js';

interface Options {
  nodes: string;
  url?: string;
  token?: string;
  group?: string;
  label: string[];
  name: string;
  fetch?: boolean;
  data?: string;
  fail: string;
  offline: string;
  seed: string;
  json?: boolean;
}

/** As many as one join token lets in. */
const MOST = 10_000;

export function addSimulate(program: Command): void {
  program
    .command('simulate')
    .summary('light nodes in one process, that speak the real protocol')
    .description(
      'Joins light nodes and lives as them until Ctrl-C: they check what is signed, report and answer by the code of ' +
        'the agent, and run nothing; their facts say `simulated`. Without --token a join token is made by whoever is ' +
        'signed in.',
    )
    .requiredOption('--nodes <n>', 'how many')
    .option('--url <url>', 'address of the director (default: where you are signed in)')
    .option('--token <code>', 'join token with as many uses as there are nodes')
    .option('--group <name>', 'group that they join, when the token is made here')
    .option('--label <name=value>', 'label that they get, when the token is made here', collect, [])
    .option('--name <prefix>', 'what their names begin with', 'sim')
    .option('--fetch', 'fetch and check resources, into a folder a node; else they say that they have them')
    .option('--data <dir>', 'where these folders are (default: a temporary one)')
    .option('--fail <share>', 'share of the nodes, 0 to 1, that roll back whatever replaces a version', '0')
    .option('--offline <share>', 'share of the nodes, 0 to 1, that join and are never heard of', '0')
    .option('--seed <n>', 'which nodes those are', '1')
    .option(
      '--json',
      'when all have joined, stdout is one line {"ready": true, "nodes", "connected", "offline"}',
    )
    .action(async (options: Options) => {
      const nodes = wholeNumber('--nodes', options.nodes);
      if (nodes > MOST) throw new UsageError(`--nodes takes at most ${MOST}; start several simulations.`);
      if (options.token !== undefined && (options.group !== undefined || options.label.length > 0)) {
        throw new UsageError(
          'A join token says itself which group and labels it gives; leave out --group and --label.',
        );
      }
      if ((options.url === undefined) !== (options.token === undefined)) {
        throw new UsageError('--url and --token go together: the address of a director, and its join token.');
      }
      const { simulate } = await import('../fleet/simulate.js');
      await simulate({
        nodes,
        url: options.url,
        token: options.token,
        group: options.group,
        labels: Object.fromEntries(pairsOf('--label', options.label)),
        prefix: options.name,
        fetch: options.fetch ?? false,
        data: options.data,
        fail: share('--fail', options.fail),
        offline: share('--offline', options.offline),
        seed: wholeNumber('--seed', options.seed, 0),
        json: options.json ?? false,
      });
      process.exit();
    });
}
