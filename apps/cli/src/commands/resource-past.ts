/** What became of a resource: who uses it, where it runs, how its aliases moved, what of it is kept. */
import type { Command } from 'commander';
import type {
  AliasMoved,
  CollectableVersion,
  ResourceLineage,
  ResourceNode,
  ResourceNodeQuery,
  ResourceUse,
  Retention,
} from '@millrace/schemas';
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
import { bytesOf, timeOf } from '../output/time.js';
import { momentOf, versioned, wholeNumber } from '../references.js';
import { UsageError } from '../usage.js';

const useView: View<ResourceUse> = {
  name: ({ flow, flowVersion }) => `${flow}@${flowVersion}`,
  columns: {
    flow: ({ flow, flowVersion }) => `${flow}@${flowVersion}`,
    version: ({ version }) => String(version),
    digest: ({ digest }) => digest.slice(0, 19),
  },
};
const nodeView: View<ResourceNode> = {
  name: ({ nodeName }) => nodeName,
  columns: {
    node: ({ nodeName }) => nodeName,
    flow: ({ flow, flowVersion }) => `${flow}@${flowVersion}`,
    since: ({ since }) => timeOf(since),
    until: ({ until, online }) => (until === null ? (online ? 'now' : 'now, offline') : timeOf(until)),
  },
};
const moveView: View<AliasMoved> = {
  name: ({ to }) => String(to),
  columns: {
    moved: ({ movedAt }) => timeOf(movedAt),
    from: ({ from }) => String(from ?? ''),
    to: ({ to }) => String(to),
    by: ({ movedBy }) => movedBy,
    promotion: ({ promotion }) => promotion ?? '',
    note: ({ note }) => note ?? '',
  },
};
const collectableView: View<CollectableVersion> = {
  name: ({ resource, version }) => `${resource}@${version}`,
  columns: {
    version: ({ resource, version }) => `${resource}@${version}`,
    size: ({ size }) => bytesOf(size),
    ready: ({ sealedAt }) => timeOf(sealedAt),
    'goes after': ({ collectAt }) => (collectAt === null ? '' : timeOf(collectAt)),
  },
};
const retentionView: View<Retention> = {
  name: ({ own }) => (own ? 'own' : 'organization'),
  columns: {
    'newest kept': ({ keepLast }) => String(keepLast ?? ''),
    'days kept': ({ keepDays }) => String(keepDays ?? ''),
    from: ({ own }) => (own ? 'its own' : 'the organization'),
  },
};

interface NodesOptions extends OutputOptions {
  running?: boolean;
  at?: string;
}
interface KeepOptions extends OutputOptions {
  last?: string;
  days?: string;
  all?: boolean;
}
interface CollectableOptions extends OutputOptions {
  resource?: string;
  last?: string;
  days?: string;
}

export function addResourcePast(resource: Command): void {
  outputOptions(
    resource
      .command('lineage')
      .description(
        'Shows where a version comes from: who made it, of what, what locks it, which nodes run it.',
      )
      .argument('<name@version>'),
  ).action(async (text: string, options: OutputOptions) => {
    const { name, version } = exact(text);
    const { catalogue } = await connect();
    const lineage = await catalogue.lineage(name, version);
    const format = formatOf(options);
    if (format === 'json' || format === 'yaml') return printData(lineage, format);
    for (const line of linesOf(lineage)) print(line);
  });

  outputOptions(
    resource
      .command('usage')
      .description('Lists the flow versions that are locked to a resource, newest first.')
      .argument('<name>'),
  ).action(async (name: string, options: OutputOptions) => {
    const { each, take } = await import('@millrace/client');
    const { catalogue } = await connect();
    printList(await take(each((query) => catalogue.usage(name, query), {})), useView, options);
  });

  outputOptions(
    resource
      .command('nodes')
      .description('Lists the nodes that ran a version, from when to when, newest first.')
      .argument('<name@version>')
      .option('--running', 'only those that run it now, as far as is known')
      .option('--at <time>', 'only those that ran it then, such as 2026-05-01T12:00:00Z'),
  ).action(async (text: string, { running, at, ...options }: NodesOptions) => {
    const { each, take } = await import('@millrace/client');
    const { name, version } = exact(text);
    const asked: ResourceNodeQuery = { at: at === undefined ? undefined : momentOf('--at', at) };
    if (running) asked.running = 'true';
    const { catalogue } = await connect();
    printList(
      await take(each((query) => catalogue.nodes(name, version, { ...query, ...asked }), {})),
      nodeView,
      options,
    );
  });

  outputOptions(
    resource
      .command('history')
      .description('Lists every move of an alias, newest first.')
      .argument('<name>')
      .argument('<alias>'),
  ).action(async (name: string, alias: string, options: OutputOptions) => {
    const { each, take } = await import('@millrace/client');
    const { catalogue } = await connect();
    printList(await take(each((query) => catalogue.aliasHistory(name, alias, query), {})), moveView, options);
  });

  outputOptions(
    resource
      .command('guard')
      .description(
        'Lets an alias move by promotions alone, each approved by somebody else. With --off, by hand again.',
      )
      .argument('<name>')
      .argument('<alias>')
      .option('--off', 'no longer'),
  ).action(async (name: string, alias: string, { off, ...options }: OutputOptions & { off?: boolean }) => {
    const { catalogue } = await connect();
    const { approval } = await catalogue.changeAlias(name, alias, { approval: !off });
    printDone({ resource: name, alias, approval }, `${name}@${alias}`, options);
    talk(`${name}@${alias} moves ${approval ? 'by approved promotions alone' : 'freely'}`);
  });

  outputOptions(
    resource
      .command('keep')
      .description(
        'Shows or sets how many old versions stay though nothing names them; of one resource, or of all without a ' +
          'policy of their own.',
      )
      .argument('[name]')
      .option('--last <n>', 'the newest so many')
      .option('--days <n>', 'those younger than so many days')
      .option('--all', 'everything'),
  ).action(async (name: string | undefined, { last, days, all, ...options }: KeepOptions) => {
    const { catalogue } = await connect();
    const isAsked = last === undefined && days === undefined && !all;
    if (all && (last !== undefined || days !== undefined))
      throw new UsageError('--all keeps everything: leave --last and --days out.');
    const kept = isAsked
      ? await catalogue.retention(name)
      : await catalogue.setRetention(
          { keepLast: numberOf('--last', last) ?? null, keepDays: numberOf('--days', days) ?? null },
          name,
        );
    printOne(kept, retentionView, options);
  });

  outputOptions(
    resource
      .command('collectable')
      .description(
        'Lists the old versions that nothing names and that will be deleted; with --last or --days, as if that were ' +
          'the policy.',
      )
      .option('--resource <name>', 'of this resource')
      .option('--last <n>', 'as if the newest so many were kept')
      .option('--days <n>', 'as if those younger than so many days were kept'),
  ).action(async ({ resource: name, last, days, ...options }: CollectableOptions) => {
    const { catalogue } = await connect();
    const found = await catalogue.collectable({
      resource: name,
      keepLast: numberOf('--last', last),
      keepDays: numberOf('--days', days),
    });
    printList(found.items, collectableView, options);
    talk(`${found.total} versions, ${bytesOf(found.bytes)} would be free`);
  });
}

function exact(text: string): { name: string; version: number } {
  const { name, version } = versioned(text);
  if (version === undefined) throw new UsageError(`Say which version, such as ${name}@3.`);
  return { name, version };
}

const numberOf = (option: string, text: string | undefined): number | undefined =>
  text === undefined ? undefined : wholeNumber(option, text);

function linesOf(one: ResourceLineage): string[] {
  const { prepare, flows, flowCount, nodes, nodeCount } = one;
  const metrics = Object.entries(one.metrics).map(([name, value]) => `${name} ${value}`);
  const by = prepare && (prepare.flow === null ? prepare.digest : `${prepare.flow}@${prepare.version}`);
  const more = (count: number, shown: number) => (count > shown ? `, and ${count - shown} more` : '');
  return [
    `${one.resource}@${one.version}  ${one.digest}`,
    `  made by ${one.createdBy}, ${timeOf(one.createdAt)}${one.note === null ? '' : `: ${one.note}`}`,
    ...(one.trainedOn === null ? [] : [`  trained on ${one.trainedOn}`]),
    ...(by === null ? [] : [`  prepared by ${by}`]),
    ...(metrics.length === 0 ? [] : [`  ${metrics.join(', ')}`]),
    ...(one.aliases.length === 0 ? [] : [`  aliases ${one.aliases.join(', ')}`]),
    `  locked by ${flows.map(({ flow, flowVersion }) => `${flow}@${flowVersion}`).join(', ') || 'no flow'}${more(flowCount, flows.length)}`,
    `  runs on ${nodeCount === 1 ? '1 node' : `${nodeCount} nodes`}: ${nodes.map(({ nodeName }) => nodeName).join(', ')}`,
  ];
}
