import type { Command } from 'commander';
import type { Organization } from '@millrace/schemas';
import { connect } from '../connection.js';
import { outputOptions, printDone, printOne, type OutputOptions, type View } from '../output/format.js';
import { talk } from '../output/talk.js';
import { timeOf } from '../output/time.js';
import { UsageError } from '../usage.js';

const view: View<Organization> = {
  name: ({ name }) => name,
  columns: {
    name: ({ name }) => name,
    'allow-pickle': ({ allowPickle }) => (allowPickle ? 'on' : 'off'),
    created: ({ createdAt }) => timeOf(createdAt),
  },
};

export function addOrganization(program: Command): void {
  const organization = program.command('organization').summary('what the organization allows');

  outputOptions(
    organization.command('show').description('Shows the organization and what it allows.'),
  ).action(async (options: OutputOptions) => {
    const { access } = await connect();
    printOne(await access.organization(), view, options);
  });

  outputOptions(
    organization
      .command('set')
      .description(
        'Changes what the organization allows; an admin may. allow-pickle: models that only the worker that opens ' +
          'them understands, and that can run any code there.',
      )
      .argument('<setting>', 'allow-pickle')
      .argument('<value>', 'on or off'),
  ).action(async (setting: string, value: string, options: OutputOptions) => {
    if (setting !== 'allow-pickle' || (value !== 'on' && value !== 'off'))
      throw new UsageError(
        `There is no setting "${setting} ${value}". Write allow-pickle on, or allow-pickle off.`,
      );
    const { access } = await connect();
    const changed = await access.changeOrganization({ allowPickle: value === 'on' });
    printDone({ ...changed }, value, options);
    talk(`allow-pickle is ${value} for ${changed.name}`);
  });
}
