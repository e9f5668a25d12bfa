import { Option, type Command } from 'commander';
import type { TableFormat } from '@millrace/dataset';
import { talk } from '../output/talk.js';
import { collect, pairsOf } from '../usage.js';

interface Options {
  until: string;
  set: string[];
  input: string[];
  out: string;
  format?: TableFormat;
  keep: string[];
  resources?: string;
}

export function addPrepare(program: Command): void {
  program
    .command('prepare')
    .summary('write the rows that a model would see')
    .description(
      'Runs a flow on files up to a module, and writes the rows that reach it when it is a model, a sink or an act, ' +
        'else those that leave it. Of a model: its inputs in order, without the rows that it would refuse.',
    )
    .argument('<flow>', 'the flow, YAML or JSON')
    .requiredOption('--until <module>', 'the module whose rows are wanted, or module.port')
    .requiredOption('--out <file>', 'written as its ending says: .csv, .jsonl or .parquet')
    .addOption(
      new Option('--format <format>', 'instead of what the ending says').choices(['csv', 'jsonl', 'parquet']),
    )
    .option(
      '--input <module=file>',
      'a CSV or JSON lines file in place of a source; may be given several times',
      collect,
      [],
    )
    .option(
      '--keep <field>',
      'a further field of the rows, such as a label; may be given several times',
      collect,
      [],
    )
    .option('--set <name=value>', 'value of a parameter; may be given several times', collect, [])
    .option(
      '--resources <dir>',
      'folder with NAME@VERSION.EXT or NAME.EXT (default: resources/ beside the flow)',
    )
    .action(async (flow: string, { set, input, ...options }: Options) => {
      const sets = pairsOf('--set', set);
      const inputs = pairsOf('--input', input);
      const { prepareRows } = await import('../prepare/prepare.js');
      talk(await prepareRows({ flow, sets, inputs, ...options }));
    });
}
