import type { Command } from 'commander';
import type { LogLine, Node, NodeRun, NodeWhy } from '@millrace/schemas';
import { connect } from '../connection.js';
import {
  formatOf,
  outputOptions,
  print,
  printData,
  printDone,
  printList,
  printOne,
  printStreamed,
  type OutputOptions,
  type View,
} from '../output/format.js';
import { paint, talk } from '../output/talk.js';
import { timeOf } from '../output/time.js';
import { momentOf, wholeNumber } from '../references.js';
import { collect, pairsOf } from '../usage.js';

const nodeView: View<Node> = {
  name: ({ name }) => name,
  columns: {
    name: ({ name }) => name,
    status: ({ status }) => status,
    flows: ({ flows }) => flows.map(({ flow, progress }) => `${flow} ${progress}`).join(', '),
    labels: ({ labels }) =>
      Object.entries(labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
    seen: ({ seenAt }) => timeOf(seenAt),
    id: ({ id }) => id,
  },
};

const lineView: View<LogLine> = {
  name: ({ t }) => String(t),
  columns: {
    time: ({ t }) => timeOf(t),
    level: ({ level }) => level,
    flow: ({ flow }) => flow,
    module: ({ module }) => module,
    message: ({ message }) => message,
  },
};

const runView: View<NodeRun> = {
  name: ({ flow, version }) => `${flow}@${version}`,
  columns: {
    flow: ({ flow, version }) => `${flow}@${version}`,
    since: ({ since }) => timeOf(since),
    until: ({ until }) => (until === null ? 'now' : timeOf(until)),
    resources: ({ resources }) => resources.map(({ name, version }) => `${name}@${version}`).join(' '),
    digest: ({ digest }) => digest.slice(0, 19),
  },
};

/** A log is looked at again this often while it is followed. */
const FOLLOW_MS = 2_000;

interface LogsOptions extends OutputOptions {
  flow?: string;
  follow?: boolean;
}

interface JoinOptions extends OutputOptions {
  url: string;
  token: string;
  name?: string;
  data?: string;
}

interface TokenOptions extends OutputOptions {
  group?: string;
  label: string[];
  uses: string;
  minutes: string;
}

export function addNode(program: Command): void {
  const node = program.command('node').summary('edge machines that run the agent');

  outputOptions(
    node
      .command('list')
      .description('Lists the nodes, newest first.')
      .option('--filter <selector>', 'such as "labels.line==3;status==online"'),
  ).action(async (options: OutputOptions & { filter?: string }) => {
    const { each, take } = await import('@millrace/client');
    const { fleet } = await connect();
    printList(await take(each(fleet.nodes, { filter: options.filter })), nodeView, options);
  });

  outputOptions(
    node.command('show').description('Shows a node and what it reports.').argument('<name>', 'name or id'),
  ).action(async (name: string, options: OutputOptions) => {
    const { fleet } = await connect();
    printOne(await fleet.node(name), nodeView, options);
  });

  outputOptions(
    node
      .command('why')
      .description('Tells why a node does not run what it should.')
      .argument('<name>', 'name or id'),
  ).action(async (name: string, options: OutputOptions) => {
    const { fleet } = await connect();
    const why = await fleet.why(name);
    const format = formatOf(options);
    if (format === 'json' || format === 'yaml') return printData(why, format);
    for (const line of whyLines(why)) print(line);
  });

  outputOptions(
    node
      .command('history')
      .description(
        'Lists what ran on a node, from when to when, newest first; with --at what ran at that moment.',
      )
      .argument('<name>', 'name or id')
      .option('--at <time>', 'such as 2026-05-01T12:00:00Z'),
  ).action(async (name: string, { at, ...options }: OutputOptions & { at?: string }) => {
    const { each, take } = await import('@millrace/client');
    const { fleet } = await connect();
    const asked = at === undefined ? {} : { at: momentOf('--at', at) };
    printList(
      await take(each((query) => fleet.nodeRuns(name, { ...query, ...asked }), {})),
      runView,
      options,
    );
  });

  outputOptions(
    node
      .command('logs')
      .description('Prints the last lines that a node has about its flows, oldest first.')
      .argument('<name>', 'name or id')
      .option('--flow <flow>', 'of this flow only')
      .option('--follow', 'go on as they come, until Ctrl-C'),
  ).action(async (name: string, { flow, follow, ...options }: LogsOptions) => {
    const { fleet } = await connect();
    let since: number | undefined;
    for (;;) {
      const { lines } = await fleet.logs(name, { flow, since });
      for (const line of lines) printStreamed(line, lineView, options);
      since = lines.at(-1)?.t ?? since;
      if (!follow) return;
      await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS));
    }
  });

  node
    .command('recording')
    .description(
      'Fetches what a source with a journal took, as a file for `millrace run --input`. Ends at what there is now.',
    )
    .argument('<name>', 'name or id of the node')
    .argument('<flow>', 'name of the flow')
    .argument('<module>', 'the source')
    .requiredOption('--out <file>', 'where to, such as pump.journal')
    .action(async (name: string, flow: string, module: string, { out }: { out: string }) => {
      const { fetchRecording } = await import('../fleet/recording.js');
      const { fleet } = await connect();
      const { bytes, leftOut } = await fetchRecording(
        (after) => fleet.recording(name, flow, { module, after }),
        out,
      );
      talk(`${out}: ${bytes} bytes of what ${module} took`);
      if (leftOut > 0) talk(`${leftOut} messages were left out: they are larger than 128 KiB`);
    });

  outputOptions(
    node
      .command('restart')
      .description('Starts a flow anew on a node, also one that was stopped for failing too often.')
      .argument('<name>', 'name or id of the node')
      .argument('<flow>', 'name of the flow'),
  ).action(async (name: string, flow: string, options: OutputOptions) => {
    const { fleet } = await connect();
    await fleet.restart(name, flow);
    if (formatOf(options) !== 'table') printDone({ node: name, flow }, flow, options);
    talk(`${flow} is started anew on ${name}`);
  });

  outputOptions(
    node
      .command('join')
      .summary('make this machine a node')
      .description(
        'Joins this machine as a node, with a join token. Then run `millrace agent run` with the same --data.',
      )
      .requiredOption('--url <url>', 'address of the director')
      .requiredOption('--token <code>', 'from `millrace node token`')
      .option('--name <name>', 'of the node (default: the host name)')
      .option('--data <dir>', 'folder of the node (default: MILLRACE_DATA, or .millrace-agent)'),
  ).action(async ({ url, token, name, data, ...options }: JoinOptions) => {
    const { joinNode } = await import('@millrace/agent');
    const { resolve } = await import('node:path');
    const folder = data ?? process.env.MILLRACE_DATA ?? '.millrace-agent';
    const joined = await joinNode({ url, token, name, dataDir: resolve(folder) });
    if (formatOf(options) === 'table') print(joined.node);
    else
      printDone(
        { node: joined.node, name: joined.name, organization: joined.organization },
        joined.name,
        options,
      );
    talk(`joined as ${joined.name}; start the agent with: millrace agent run --data ${folder}`);
  });

  outputOptions(
    node
      .command('token')
      .description('Makes a join token: short-lived, for one node unless told.')
      .option('--group <name>', 'group that the node joins')
      .option('--label <name=value>', 'label that the node gets; may be given several times', collect, [])
      .option('--uses <n>', 'how many nodes may join with it', '1')
      .option('--minutes <n>', 'until it ends', '60'),
  ).action(async (options: TokenOptions) => {
    const { fleet } = await connect();
    const made = await fleet.createJoinToken({
      group: options.group,
      labels: Object.fromEntries(pairsOf('--label', options.label)),
      uses: wholeNumber('--uses', options.uses),
      minutes: wholeNumber('--minutes', options.minutes),
    });
    const format = formatOf(options);
    if (format === 'json' || format === 'yaml') return printData(made, format);
    print(made.token);
    talk(`it ends ${timeOf(made.expiresAt)} and is not shown again`);
  });

  outputOptions(
    node
      .command('revoke')
      .description(
        'Takes the identity of a node away, for good. What runs on it goes on until somebody stops it.',
      )
      .argument('<name>', 'name or id'),
  ).action(async (name: string, options: OutputOptions) => {
    const { fleet } = await connect();
    const revoked = await fleet.revokeNode(name);
    if (formatOf(options) !== 'table') printOne(revoked, nodeView, options);
    talk(`${revoked.name} is revoked`);
  });
}

function whyLines(why: NodeWhy): string[] {
  const good = paint('as desired', 'green', process.stdout);
  return [
    `${why.name}: ${why.status}${why.same && why.status === 'online' ? `, all ${good}` : ''}`,
    ...why.reasons.map(({ code, detail }) => `  ${code}: ${detail}`),
    ...why.flows.map(({ flow, same, says, reason }) =>
      same ? `  ${flow}: ${says}` : `  ${flow}: ${reason ? `${reason.code}: ` : ''}${says}`,
    ),
    ...why.waiting.map(({ flow, version, says }) => `  waiting for ${flow}@${version}: ${says}`),
  ];
}
