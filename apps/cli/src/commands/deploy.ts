import type { Command } from 'commander';
import type { DeploymentCreate, PlannedNode } from '@millrace/schemas';
import { connect } from '../connection.js';
import { deploymentView, waitFor } from '../deployments/watch.js';
import {
  formatOf,
  outputOptions,
  print,
  printData,
  printDone,
  printList,
  printOne,
  type OutputOptions,
  type View,
} from '../output/format.js';
import { talk } from '../output/talk.js';
import { bytesOf } from '../output/time.js';
import { versioned } from '../references.js';
import { collect, pairsOf, UsageError } from '../usage.js';
import { wavesOf } from '../waves.js';

const planView: View<PlannedNode> = {
  name: ({ nodeName }) => nodeName,
  columns: {
    node: ({ nodeName }) => nodeName,
    wave: ({ wave }) => String(wave),
    online: ({ online }) => (online ? 'yes' : 'no'),
    change: ({ change, fromVersion }) => (fromVersion === null ? change : `${change} ${fromVersion}`),
    'to fetch': ({ bytesToFetch }) => bytesOf(bytesToFetch),
    conflicts: ({ conflicts }) => conflicts.join('; '),
  },
};

interface DeployOptions extends OutputOptions {
  to: string;
  plan?: boolean;
  wait?: boolean;
  waves?: string;
  set: string[];
}

export function addDeploy(program: Command): void {
  outputOptions(
    program
      .command('deploy')
      .summary('bring a flow version to a group')
      .description(
        'Brings a flow version to the nodes of a group: first one, then the rest, stopping when the first does not ' +
          'prove itself.',
      )
      .argument('<flow[@version]>', 'without a version: the newest')
      .requiredOption('--to <group>', 'name or id')
      .option('--plan', 'only show what would be done')
      .option('--wait', 'until it has ended; fails when it did not succeed')
      .option('--waves <list>', 'nodes so far in all, such as 1,10%,100%')
      .option('--set <name=value>', 'value of a parameter; may be given several times', collect, []),
  ).action(async (text: string, options: DeployOptions) => {
    const director = await connect();
    const wanted = await deploymentOf(director, text, options);
    if (options.plan) {
      const plan = await director.deployments.plan(wanted);
      const format = formatOf(options);
      if (format === 'json' || format === 'yaml') return printData(plan, format);
      printList(plan.nodes, planView, options);
      talk(
        `${plan.nodes.length} nodes in waves of ${plan.waves.join(', ')}; ${bytesOf(plan.bytesToFetch)} to fetch; ` +
          `${plan.offline} offline, ${plan.conflicts} with conflicts`,
      );
      return;
    }
    const deployment = await director.deployments.deploy(wanted);
    if (formatOf(options) === 'table') print(deployment.id);
    else if (!options.wait) printOne(deployment, deploymentView, options);
    talk(`${wanted.flow}@${wanted.version} to ${deployment.groupName}: ${deployment.says}`);
    if (!options.wait) return;
    const ended = await waitFor(director, deployment.id);
    if (formatOf(options) !== 'table') printOne(ended, deploymentView, options);
  });

  outputOptions(
    program
      .command('undeploy')
      .summary('take a flow from a group')
      .description('Takes a flow from the nodes of a group. They stop it, and let its bytes go.')
      .argument('<flow>')
      .requiredOption('--from <group>', 'name or id'),
  ).action(async (flow: string, options: OutputOptions & { from: string }) => {
    const { deployments } = await connect();
    const { Failure } = await import('@millrace/schemas');
    const { items } = await deployments.assignments({ flow, group: options.from });
    if (items.length === 0) {
      throw new Failure(
        'deployments.assignment-unknown',
        `${flow} is not assigned to ${options.from}. \`millrace deployment list\` shows what is.`,
      );
    }
    for (const { id } of items) await deployments.undeploy(id);
    printDone({ flow, group: options.from, undeployed: true }, flow, options);
    talk(`${flow} leaves ${options.from}`);
  });
}

async function deploymentOf(
  { flows }: Awaited<ReturnType<typeof connect>>,
  text: string,
  options: DeployOptions,
): Promise<DeploymentCreate> {
  const { name, version } = versioned(text);
  const chosen = version ?? (await flows.get(name)).latestVersion;
  if (chosen === null) throw new UsageError(`${name} has no version yet: millrace flow publish ${name}`);
  const sets = pairsOf('--set', options.set);
  const wanted: DeploymentCreate = { flow: name, version: chosen, group: options.to };
  if (options.waves !== undefined) wanted.strategy = { waves: wavesOf(options.waves) };
  if (sets.size > 0) {
    const { valuesOf } = await import('../parameters.js');
    wanted.parameters = valuesOf((await flows.version(name, chosen)).document, sets);
  }
  return wanted;
}
