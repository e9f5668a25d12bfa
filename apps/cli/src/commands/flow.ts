import type { Command } from 'commander';
import { stringify } from 'yaml';
import type { Flow, FlowDiffReply, FlowVersion } from '@millrace/schemas';
import { connect } from '../connection.js';
import { placeLine } from '../output/errors.js';
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
import { timeOf } from '../output/time.js';
import { versioned } from '../references.js';

const flowView: View<Flow> = {
  name: ({ name }) => name,
  columns: {
    name: ({ name }) => name,
    version: ({ latestVersion }) => (latestVersion === null ? '' : String(latestVersion)),
    draft: ({ draftRevision }) => String(draftRevision),
    changed: ({ changedAt }) => timeOf(changedAt),
    description: ({ description }) => description ?? '',
  },
};
const versionView: View<FlowVersion> = {
  name: ({ flow, version }) => `${flow}@${version}`,
  columns: {
    version: ({ version }) => String(version),
    published: ({ publishedAt }) => timeOf(publishedAt),
    by: ({ publishedBy }) => publishedBy,
    digest: ({ digest }) => digest.slice(0, 19),
    note: ({ note }) => note ?? '',
  },
};

export function addFlow(program: Command): void {
  const flow = program.command('flow').summary('flows, their drafts and versions');

  outputOptions(flow.command('list').description('Lists the flows, newest first.')).action(
    async (options: OutputOptions) => {
      const { each, take } = await import('@millrace/client');
      const { flows } = await connect();
      printList(await take(each(flows.list, {})), flowView, options);
    },
  );

  outputOptions(
    flow
      .command('show')
      .description('Shows a flow with its versions, or one version as it is locked.')
      .argument('<name[@version]>'),
  ).action(async (text: string, options: OutputOptions) => {
    const { each, take } = await import('@millrace/client');
    const { flows } = await connect();
    const { name, version } = versioned(text);
    const format = formatOf(options);
    if (version !== undefined) {
      const found = await flows.version(name, version);
      if (format === 'name') return print(versionView.name(found));
      if (format !== 'table') return printData(found, format);
      return print(found.text?.trimEnd() ?? stringify(found.document).trimEnd());
    }
    const found = await flows.get(name);
    const versions = await take(each((query) => flows.versions(name, query), {}));
    if (format === 'json' || format === 'yaml') return printData({ ...found, versions }, format);
    printOne(found, flowView, options);
    if (format === 'table' && versions.length > 0) {
      print('');
      printList(versions, versionView, options);
    }
  });

  outputOptions(
    flow
      .command('push')
      .description('Saves a file as the draft of its flow, comments and all. A new flow is made.')
      .argument('<file>', 'the flow, YAML or JSON')
      .option('--name <name>', 'of the flow, when the file does not say it'),
  ).action(async (file: string, options: OutputOptions & { name?: string }) => {
    const { pushDraft } = await import('../flows/push.js');
    const draft = await pushDraft(await connect(), file, options.name);
    if (formatOf(options) !== 'table') {
      printOne(draft, { name: ({ flow }) => flow, columns: {} }, options);
    }
    for (const problem of draft.problems) talk(placeLine(problem, file));
    talk(`${draft.flow}: draft ${draft.revision} is saved, ${problemCount(draft.problems.length)}`);
  });

  outputOptions(
    flow
      .command('publish')
      .description(
        'Makes a version of the draft, with every resource locked to its digest. A file is pushed first.',
      )
      .argument('<flow>', 'a flow, or a file that becomes its draft')
      .option('--note <text>', 'what changed'),
  ).action(async (what: string, options: OutputOptions & { note?: string }) => {
    const { isFile, pushDraft } = await import('../flows/push.js');
    const director = await connect();
    const name = (await isFile(what)) ? (await pushDraft(director, what)).flow : what;
    const { value, status } = await director.flows.publish(name, options.note);
    if (formatOf(options) === 'table') print(versionView.name(value));
    else printOne(value, versionView, options);
    if (status === 200) talk(`${name} has not changed since version ${value.version}`);
  });

  outputOptions(
    flow
      .command('diff')
      .description('Shows what changed between two versions, or a version and the draft.')
      .argument('<name>')
      .option('--from <version>', 'a version, or draft (default: the newest version)')
      .option('--to <version>', 'a version, or draft', 'draft'),
  ).action(async (name: string, options: OutputOptions & { from?: string; to: string }) => {
    const { Failure } = await import('@millrace/schemas');
    const { flows } = await connect();
    const newest = options.from ?? (await flows.get(name)).latestVersion;
    if (newest === null) {
      throw new Failure(
        'platform.not-found',
        `${name} has no version yet, so there is nothing to compare with.`,
      );
    }
    const diff = await flows.diff(name, { from: String(newest), to: options.to });
    const format = formatOf(options);
    if (format === 'json' || format === 'yaml') printData(diff, format);
    else for (const line of diffLines(diff)) print(line);
    talk(diff.same ? 'no difference' : `${name}: from ${diff.from} to ${diff.to}`);
  });
}

const problemCount = (n: number): string =>
  n === 0 ? 'no problems' : n === 1 ? '1 problem' : `${n} problems`;

function diffLines(diff: FlowDiffReply): string[] {
  const change = (what: string, { before, after }: { before?: unknown; after?: unknown }) =>
    `~ ${what}: ${show(before)} -> ${show(after)}`;
  return [
    ...diff.added.map((module) => `+ ${module}`),
    ...diff.removed.map((module) => `- ${module}`),
    ...diff.rewired.map(({ module, before, after }) =>
      change(`${module} from`, { before: before.join(', '), after: after.join(', ') }),
    ),
    ...diff.changed.map((one) => change(one.pointer.slice(1).replaceAll('/', '.'), one)),
    ...diff.parameters.map((one) => change(`parameter ${one.name}`, one)),
  ];
}

const show = (value: unknown): string => (value === undefined ? '(none)' : JSON.stringify(value));
