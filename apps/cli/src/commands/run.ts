import type { Command } from 'commander';
import { collect, pairsOf } from '../usage.js';

interface Options {
  set: string[];
  input: string[];
  out?: string;
  resources?: string;
}

export function addRun(program: Command): void {
  program
    .command('run')
    .summary('run a flow here, without a director')
    .description(
      'Runs a flow on this machine, without a director. Paths in a flow are relative to its file. What sink.director ' +
        'would send is printed as JSON lines; the counters of every module follow on stderr.',
    )
    .argument('<flow>', 'the flow, YAML or JSON')
    .option('--set <name=value>', 'value of a parameter; may be given several times', collect, [])
    .option(
      '--input <module=file>',
      'a CSV or JSON lines file in place of a source; may be given several times',
      collect,
      [],
    )
    .option('--out <file>', 'no sink acts; what would reach them is written here as JSON lines')
    .option(
      '--resources <dir>',
      'folder with NAME@VERSION.EXT or NAME.EXT (default: resources/ beside the flow)',
    )
    .action(async (flow: string, options: Options) => {
      const sets = pairsOf('--set', options.set);
      const inputs = pairsOf('--input', options.input);
      const { runFlow } = await import('../run/run.js');
      await runFlow({ flow, sets, inputs, out: options.out, resources: options.resources });
    });
}
