import type { Command } from 'commander';
import type { PromotionCreate } from '@millrace/schemas';
import { connect } from '../connection.js';
import { plannedParts, planView, promotionView, watchPromotion } from '../deployments/promotions.js';
import {
  formatOf,
  outputOptions,
  print,
  printData,
  printList,
  printOne,
  type OutputOptions,
} from '../output/format.js';
import { talk } from '../output/talk.js';
import { bytesOf } from '../output/time.js';
import { versioned } from '../references.js';
import { collect, UsageError } from '../usage.js';
import { wavesOf } from '../waves.js';

interface PromoteOptions extends OutputOptions {
  plan?: boolean;
  wait?: boolean;
  note?: string;
  waves?: string;
  flow: string[];
}

export function addPromote(program: Command): void {
  outputOptions(
    program
      .command('promote')
      .summary('point an alias at a version and bring every flow that follows it to its nodes')
      .description(
        'Points an alias at a version, publishes the flows that follow it anew and deploys each where it is ' +
          'assigned: first to one node, then to the rest. All of it or nothing; one flow that does not pass its ' +
          'checks refuses it.',
      )
      .argument('<name@version>', 'of the resource')
      .argument('<alias>', 'such as production')
      .option('--plan', 'only show what would be done')
      .option('--wait', 'until it has ended; fails when it did not succeed')
      .option('--note <text>', 'why; kept with it')
      .option('--waves <list>', 'nodes so far in all, such as 1,10%,100%')
      .option(
        '--flow <name>',
        'of the flows that follow, only this; may be given several times',
        collect,
        [],
      ),
  ).action(async (text: string, alias: string, options: PromoteOptions) => {
    const { name, version } = versioned(text);
    if (version === undefined) throw new UsageError(`Say which version, such as ${name}@3.`);
    const director = await connect();
    const wanted: PromotionCreate = { resource: name, version, alias };
    if (options.note !== undefined) wanted.note = options.note;
    if (options.waves !== undefined) wanted.strategy = { waves: wavesOf(options.waves) };
    if (options.flow.length > 0) wanted.flows = options.flow;
    const format = formatOf(options);
    if (options.plan) {
      const { value: plan } = await director.promotions.plan(wanted);
      if (format === 'json' || format === 'yaml') printData(plan, format);
      else printList(plannedParts(plan), planView, options);
      talk(
        `${name}@${alias} goes from version ${plan.from ?? 'none'} to ${plan.to}: ${plan.flows.length} flows on ` +
          `${plan.nodes} nodes, ${plan.offline} offline, ${plan.conflicts} with conflicts; ${bytesOf(plan.bytesToFetch)} to fetch` +
          (plan.approval ? '; somebody else must approve it' : ''),
      );
      if (!plan.valid) talk('as it is, it would be refused: not every flow passes its checks');
      return;
    }
    const made = await director.promotions.promote(wanted);
    if (format === 'table') print(made.id);
    else if (!options.wait) printOne(made, promotionView, options);
    talk(`${name}@${alias} to version ${version}: ${made.state}, ${made.says}`);
    if (!options.wait) return;
    const ended = await watchPromotion(director, made.id);
    if (format !== 'table') printOne(ended, promotionView, options);
  });
}
