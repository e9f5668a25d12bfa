import type { Command } from 'commander';
import { placeLine } from '../output/errors.js';
import { formatOf, outputOptions, printData, type OutputOptions } from '../output/format.js';
import { paint, talk } from '../output/talk.js';
import { collect, pairsOf } from '../usage.js';

export function addCheck(program: Command): void {
  const command = program
    .command('check')
    .summary('check a flow')
    .description(
      'Runs every check on a flow. Prints its problems, a line each, and ends with 1 when there are any.',
    )
    .argument('<flow>', 'the flow, YAML or JSON')
    .option('--set <name=value>', 'value of a parameter; may be given several times', collect, []);
  outputOptions(command).action(async (flow: string, options: OutputOptions & { set: string[] }) => {
    const sets = pairsOf('--set', options.set);
    const format = formatOf(options);
    const { readAndCheck } = await import('../run/load.js');
    const { problems, document } = await readAndCheck(flow, sets, false);
    if (format === 'json' || format === 'yaml') printData({ valid: problems.length === 0, problems }, format);
    else for (const problem of problems) process.stdout.write(`${placeLine(problem, flow)}\n`);
    if (problems.length > 0) {
      talk(`${flow}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`);
      process.exitCode = 1;
    } else {
      talk(`${flow}: ${paint('valid', 'green')}, ${Object.keys(document?.modules ?? {}).length} modules`);
    }
  });
}
