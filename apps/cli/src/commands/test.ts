import type { Command } from 'commander';
import { formatOf, outputOptions, print, printData, type OutputOptions } from '../output/format.js';
import { paint, talk } from '../output/talk.js';
import type { CaseResult } from '../testing/test.js';

interface Options extends OutputOptions {
  resources?: string;
}

export function addTest(program: Command): void {
  const command = program
    .command('test')
    .summary('test flows by files')
    .description(
      'Feeds flows what test files say, in virtual time, and compares what leaves their modules. No source, sink or ' +
        'act touches the outside. Prints a line a case, with what differs, and ends with 1 when a case fails.',
    )
    .argument('<files...>', 'flow tests, YAML or JSON, such as FLOW.test.yaml')
    .option('--resources <dir>', 'folder with NAME@VERSION.EXT or NAME.EXT (default: what the test says)');
  outputOptions(command).action(async (files: string[], options: Options) => {
    const format = formatOf(options);
    const { loadTests, runTests } = await import('../testing/test.js');
    const results: CaseResult[] = [];
    for await (const result of runTests(await loadTests(files), options.resources)) {
      results.push(result);
      if (format === 'table') lines(result).forEach(print);
      else if (format === 'name' && !result.passed) print(result.name);
    }
    const failed = results.filter(({ passed }) => !passed).length;
    const passed = results.length - failed;
    if (format === 'json' || format === 'yaml') printData({ passed, failed, cases: results }, format);
    talk(`${passed} passed, ${failed === 0 ? '0 failed' : paint(`${failed} failed`, 'red')}`);
    if (failed > 0) process.exitCode = 1;
  });
}

function lines({ file, name, line, passed, problems }: CaseResult): string[] {
  if (passed) return [`${paint('ok', 'green', process.stdout)}    ${name}`];
  return [
    `${paint('failed', 'red', process.stdout)} ${name} (${place(file, line)})`,
    ...problems.map((problem) => `  ${place(file, problem.line)}: ${difference(problem)}`),
  ];
}

const place = (file: string, line: number | undefined): string => [file, line].filter(Boolean).join(':');

/** `alert[1].severity: expected "high", got "low"`. */
function difference({ module = '', index, field, expected, got }: CaseResult['problems'][number]): string {
  const where = `${module}${index === undefined ? '' : `[${index}]`}${field === undefined ? '' : `.${field}`}`;
  return `${where === '' ? '' : `${where}: `}expected ${expected}, got ${got}`;
}
