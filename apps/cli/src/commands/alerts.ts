import { Option, type Command } from 'commander';
import { Alert } from '@millrace/schemas';
import { connect } from '../connection.js';
import {
  outputOptions,
  printList,
  printOne,
  printStreamed,
  formatOf,
  type OutputOptions,
  type View,
} from '../output/format.js';
import { paint, talk } from '../output/talk.js';
import { timeOf } from '../output/time.js';
import { wholeNumber } from '../references.js';

const alertView: View<Alert> = {
  name: ({ id }) => id,
  columns: {
    time: ({ receivedAt }) => timeOf(receivedAt),
    severity: ({ severity }) => severity,
    state: ({ state }) => state,
    node: ({ nodeName }) => nodeName,
    flow: ({ flow, version }) => `${flow}@${version}`,
    key: ({ key }) => key ?? '',
    message: ({ message }) => message,
    id: ({ id }) => id,
  },
};

interface Options extends OutputOptions {
  follow?: boolean;
  state?: Alert['state'];
  severity?: Alert['severity'];
  node?: string;
  flow?: string;
  limit: string;
}

export function addAlerts(program: Command): void {
  const alerts = program
    .command('alerts')
    .summary('what flows say a person should know')
    .description('Lists alerts, newest first, or follows them as they are raised, acknowledged and cleared.')
    .option('--follow', 'go on as they come, until Ctrl-C')
    .addOption(new Option('--state <state>').choices(['raised', 'acknowledged', 'cleared']))
    .addOption(new Option('--severity <severity>').choices(['info', 'low', 'medium', 'high', 'critical']))
    .option('--node <name>', 'of this node')
    .option('--flow <name>', 'of this flow')
    .option('--limit <n>', 'at most so many', '100');
  outputOptions(alerts).action(async (options: Options) => {
    const { each, take } = await import('@millrace/client');
    const director = await connect();
    const { state, severity, node, flow } = options;
    const most = wholeNumber('--limit', options.limit);
    const query = { state, severity, node, flow, limit: Math.min(most, 200) };
    const listed = await take(each(director.alerts.list, query), most);
    if (!options.follow) return printList(listed, alertView, options);
    for (const alert of listed.toReversed()) printStreamed(alert, alertView, options);
    await follow(director, options, listed);
  });

  outputOptions(
    alerts
      .command('acknowledge')
      .description('Says that somebody has seen an alert and looks after it.')
      .argument('<id>'),
  ).action(async (id: string, _options: OutputOptions, command: Command) => {
    const options = command.optsWithGlobals<OutputOptions>();
    const director = await connect();
    const alert = await director.alerts.acknowledge(id);
    if (formatOf(options) !== 'table') printOne(alert, alertView, options);
    talk(`${alert.id} is ${alert.state}`);
  });
}

/** Changes come as events. What may have happened while there was no line is asked for when it stands again. */
async function follow(
  director: Awaited<ReturnType<typeof connect>>,
  options: Options,
  listed: readonly Alert[],
): Promise<void> {
  const { state, severity, node, flow } = options;
  const told = new Map(listed.map((alert) => [alert.id, alert.state]));
  const tell = (alert: Alert) => {
    if (told.get(alert.id) === alert.state) return;
    told.set(alert.id, alert.state);
    // A terminal that stays open for weeks must not keep every alert in mind.
    if (told.size > 10_000) told.delete(told.keys().next().value!);
    const wanted =
      (state === undefined || alert.state === state) &&
      (severity === undefined || alert.severity === severity) &&
      (node === undefined || alert.node === node || alert.nodeName === node) &&
      (flow === undefined || alert.flow === flow);
    if (wanted) printStreamed(alert, alertView, options);
  };
  const catchUp = async () => {
    const { items } = await director.alerts.list({ state, severity, node, flow, limit: 100 });
    items.toReversed().forEach(tell);
  };
  const caught = () =>
    void catchUp().catch((error: unknown) => talk(`could not list alerts: ${String(error)}`));
  const onCut = (why: string) => talk(paint(`${why}; connecting again`, 'dim'));
  for await (const event of director.events.follow({ onOpen: caught, onCut })) {
    if (event.type === 'gap') caught();
    if (!event.type.startsWith('alert.')) continue;
    const alert = Alert.safeParse(event.data);
    if (alert.success) tell(alert.data);
  }
}
