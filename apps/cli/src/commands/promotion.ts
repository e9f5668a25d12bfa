import type { Command } from 'commander';
import type { Promotion } from '@millrace/schemas';
import { connect } from '../connection.js';
import { partsOf, partView, promotionView, watchPromotion } from '../deployments/promotions.js';
import { formatOf, outputOptions, print, printList, printOne, type OutputOptions } from '../output/format.js';
import { talk } from '../output/talk.js';

export function addPromotion(program: Command): void {
  const promotion = program
    .command('promotion')
    .summary('promotions under way, waiting for approval and ended');

  outputOptions(
    promotion
      .command('list')
      .description('Lists the promotions, newest first.')
      .option('--resource <name>', 'of this resource')
      .option('--alias <alias>', 'of this alias'),
  ).action(async ({ resource, alias, ...options }: OutputOptions & { resource?: string; alias?: string }) => {
    const { each, take } = await import('@millrace/client');
    const { promotions } = await connect();
    printList(await take(each(promotions.list, { resource, alias })), promotionView, options);
  });

  outputOptions(
    promotion.command('show').description('Shows a promotion and its deployments.').argument('<id>'),
  ).action(async (id: string, options: OutputOptions) => {
    const { promotions } = await connect();
    const found = await promotions.get(id);
    printOne(found, promotionView, options);
    if (formatOf(options) !== 'table' || partsOf(found).length === 0) return;
    print('');
    printList(partsOf(found), partView, options);
  });

  outputOptions(
    promotion
      .command('watch')
      .description('Follows a promotion until it has ended. Fails when it did not succeed.')
      .argument('<id>'),
  ).action(async (id: string, options: OutputOptions) => {
    const ended = await watchPromotion(await connect(), id);
    if (formatOf(options) !== 'table') printOne(ended, promotionView, options);
  });

  outputOptions(
    promotion
      .command('approve')
      .description('Approves a promotion that somebody else asked for. It begins at once.')
      .argument('<id>'),
  ).action(async (id: string, options: OutputOptions) => {
    const { promotions } = await connect();
    shown(await promotions.approve(id), options);
  });

  outputOptions(
    promotion
      .command('reject')
      .description('Rejects a promotion that waits for approval.')
      .argument('<id>')
      .option('--note <text>', 'why'),
  ).action(async (id: string, { note, ...options }: OutputOptions & { note?: string }) => {
    const { promotions } = await connect();
    shown(await promotions.reject(id, note), options);
  });

  outputOptions(
    promotion
      .command('revert')
      .description(
        'Takes a promotion back: the alias to where it stood, every node to what it ran before. Also while it is rolling.',
      )
      .argument('<id>'),
  ).action(async (id: string, options: OutputOptions) => {
    const { promotions } = await connect();
    shown(await promotions.revert(id), options);
  });
}

function shown(promotion: Promotion, options: OutputOptions): void {
  if (formatOf(options) !== 'table') printOne(promotion, promotionView, options);
  talk(`${promotion.state}: ${promotion.says}`);
}
