import { Option, type Command } from 'commander';
import type { Deployment, Target } from '@millrace/schemas';
import { connect } from '../connection.js';
import { deploymentView, waitFor } from '../deployments/watch.js';
import {
  formatOf,
  outputOptions,
  print,
  printData,
  printList,
  printOne,
  type OutputOptions,
  type View,
} from '../output/format.js';
import { talk } from '../output/talk.js';

const targetView: View<Target> = {
  name: ({ nodeName }) => nodeName,
  columns: {
    node: ({ nodeName }) => nodeName,
    wave: ({ wave }) => String(wave),
    online: ({ online }) => (online ? 'yes' : 'no'),
    progress: ({ progress }) => progress,
    outcome: ({ outcome }) => outcome ?? '',
    gap: ({ gapMs }) => (gapMs === null ? '' : `${Math.round(gapMs)} ms`),
    lost: ({ lost }) => String(lost ?? ''),
    reason: ({ reason }) => (reason === null ? '' : `${reason.code}: ${reason.detail}`),
  },
};

export function addDeployment(program: Command): void {
  const deployment = program.command('deployment').summary('deployments under way and ended');

  outputOptions(
    deployment
      .command('list')
      .description('Lists the deployments, newest first.')
      .option('--flow <name>', 'of this flow')
      .option('--group <name>', 'to this group'),
  ).action(async (options: OutputOptions & { flow?: string; group?: string }) => {
    const { each, take } = await import('@millrace/client');
    const { deployments } = await connect();
    const { flow, group } = options;
    printList(await take(each(deployments.list, { flow, group })), deploymentView, options);
  });

  outputOptions(
    deployment.command('show').description('Shows a deployment and its nodes.').argument('<id>'),
  ).action(async (id: string, options: OutputOptions) => {
    const { each, take } = await import('@millrace/client');
    const { deployments } = await connect();
    const found = await deployments.get(id);
    const targets = await take(each((query) => deployments.targets(id, query), {}));
    const format = formatOf(options);
    if (format === 'json' || format === 'yaml') return printData({ ...found, nodes: targets }, format);
    printOne(found, deploymentView, options);
    if (format !== 'table') return;
    print('');
    printList(targets, targetView, options);
  });

  outputOptions(
    deployment
      .command('watch')
      .description('Follows a deployment until it has ended. Fails when it did not succeed.')
      .argument('<id>'),
  ).action(async (id: string, options: OutputOptions) => {
    const ended = await waitFor(await connect(), id);
    if (formatOf(options) !== 'table') printOne(ended, deploymentView, options);
  });

  const verbs: Record<string, string> = {
    pause: 'Holds a deployment: no further node is told.',
    resume: 'Lets a paused deployment go on.',
    rollback: 'Brings back what the nodes ran before.',
    retry: 'Tries the nodes again that failed.',
  };
  for (const [verb, description] of Object.entries(verbs)) {
    outputOptions(deployment.command(verb).description(description).argument('<id>')).action(
      async (id: string, options: OutputOptions) => {
        const { deployments } = await connect();
        shown(await deployments[verb as 'pause' | 'resume' | 'rollback' | 'retry'](id), options);
      },
    );
  }

  outputOptions(
    deployment
      .command('abort')
      .description('Ends a deployment.')
      .argument('<id>')
      .addOption(
        new Option('--nodes <what>', 'keep: as they are; revert: as they were before').choices([
          'keep',
          'revert',
        ]),
      ),
  ).action(async (id: string, options: OutputOptions & { nodes?: 'keep' | 'revert' }) => {
    const { deployments } = await connect();
    shown(await deployments.abort(id, options.nodes), options);
  });
}

function shown(deployment: Deployment, options: OutputOptions): void {
  if (formatOf(options) !== 'table') printOne(deployment, deploymentView, options);
  talk(`${deployment.state}: ${deployment.says}`);
}
