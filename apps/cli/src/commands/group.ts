import type { Command } from 'commander';
import type { FlowParameters, Group, GroupChange } from '@millrace/schemas';
import { connect } from '../connection.js';
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
import { guessed } from '../parameters.js';
import { collect, pairsOf, UsageError } from '../usage.js';

const groupView: View<Group> = {
  name: ({ name }) => name,
  columns: {
    name: ({ name }) => name,
    nodes: ({ size }) => String(size),
    selector: ({ selector }) => selector ?? '',
    priority: ({ priority }) => String(priority),
    id: ({ id }) => id,
  },
};

interface SetOptions extends OutputOptions {
  selector?: string;
  priority?: string;
  set: string[];
}

export function addGroup(program: Command): void {
  const group = program.command('group').summary('nodes chosen by hand or by a selector');

  outputOptions(group.command('list').description('Lists the groups, newest first.')).action(
    async (options: OutputOptions) => {
      const { each, take } = await import('@millrace/client');
      const { fleet } = await connect();
      printList(await take(each(fleet.groups, {})), groupView, options);
    },
  );

  outputOptions(
    group.command('show').description('Shows a group and its nodes.').argument('<name>', 'name or id'),
  ).action(async (name: string, options: OutputOptions) => {
    const { each, take } = await import('@millrace/client');
    const { fleet } = await connect();
    const found = await fleet.group(name);
    const nodes = await take(each((query) => fleet.groupNodes(name, query), {}));
    const format = formatOf(options);
    if (format === 'json' || format === 'yaml') return printData({ ...found, nodes }, format);
    printOne(found, groupView, options);
    if (format === 'table') for (const node of nodes) print(`  ${node.name}  ${node.status}`);
  });

  outputOptions(
    group
      .command('create')
      .description('Makes a group, of these nodes or by a selector.')
      .argument('<name>')
      .argument('[nodes...]', 'names or ids')
      .option('--selector <text>', 'such as "labels.line==3"')
      .option('--priority <n>', 'the higher one wins where two groups give a node the same flow'),
  ).action(async (name: string, nodes: string[], options: SetOptions) => {
    const { fleet } = await connect();
    const { selector } = options;
    const members = nodes.length > 0 ? nodes : undefined;
    shown(
      await fleet.createGroup({ name, selector, members, priority: priorityOf(options.priority) }),
      options,
    );
  });

  outputOptions(
    group
      .command('set')
      .description('Changes a group: its selector, its priority, parameters of flows on its nodes.')
      .argument('<name>', 'name or id')
      .option('--selector <text>', 'such as "labels.line==3"')
      .option('--priority <n>', 'the higher one wins where two groups give a node the same flow')
      .option('--set <flow.parameter=value>', 'may be given several times', collect, []),
  ).action(async (name: string, options: SetOptions) => {
    const { fleet } = await connect();
    const change: GroupChange = { selector: options.selector, priority: priorityOf(options.priority) };
    if (options.set.length > 0) {
      change.parameters = merged((await fleet.group(name)).parameters, pairsOf('--set', options.set));
    }
    shown(await fleet.changeGroup(name, change), options);
  });

  for (const verb of ['add', 'remove'] as const) {
    outputOptions(
      group
        .command(verb)
        .description(
          verb === 'add' ? 'Adds nodes to a group.' : 'Takes nodes out of a group; they stop its flows.',
        )
        .argument('<name>', 'name or id')
        .argument('<nodes...>', 'names or ids'),
    ).action(async (name: string, nodes: string[], options: OutputOptions) => {
      const { fleet } = await connect();
      shown(await fleet.changeGroup(name, { [verb]: nodes }), options);
    });
  }

  outputOptions(
    group
      .command('delete')
      .description('Deletes a group. One that a flow is assigned to is kept.')
      .argument('<name>', 'name or id'),
  ).action(async (name: string, options: OutputOptions) => {
    const { fleet } = await connect();
    await fleet.removeGroup(name);
    printDone({ group: name, deleted: true }, name, options);
    talk(`${name} is deleted`);
  });
}

function shown(group: Group, options: OutputOptions): void {
  if (formatOf(options) === 'table') print(group.name);
  else printOne(group, groupView, options);
  talk(`${group.name} has ${group.size} ${group.size === 1 ? 'node' : 'nodes'}`);
}

function priorityOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^-?\d{1,4}$/.test(text)) throw new UsageError(`--priority takes a whole number, and not "${text}".`);
  return Number(text);
}

/** Flow names may hold dots, parameter names none: the last dot parts them. */
function merged(before: FlowParameters, sets: ReadonlyMap<string, string>): FlowParameters {
  const after = structuredClone(before);
  for (const [key, text] of sets) {
    const dot = key.lastIndexOf('.');
    if (dot < 1) throw new UsageError(`--set takes flow.parameter=value here, and not "${key}".`);
    (after[key.slice(0, dot)] ??= {})[key.slice(dot + 1)] = guessed(text);
  }
  return after;
}
