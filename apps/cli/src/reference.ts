/** The table of docs/command-line.md, from the commands themselves; a test holds the page to it. */
import type { Command } from 'commander';

/** Said once above the table. */
const COMMON = ['--output', '--json', '--help'];

export function commandTable(program: Command): string {
  const rows = leaves(program).map((command) => {
    const options = command.options
      .filter(({ long, hidden }) => !hidden && !COMMON.includes(long ?? ''))
      .map(({ flags }) => `\`${flags}\``);
    return `| \`${usage(command)}\` | ${command.description()} | ${options.join(' ')} |`.replaceAll(
      '  |',
      ' |',
    );
  });
  return ['| command | does | options |', '| --- | --- | --- |', ...rows].join('\n');
}

/** Commands that do something: those without subcommands, and those that act by themselves all the same. */
function leaves(command: Command): Command[] {
  const below = command.commands.flatMap(leaves);
  const acts = command.parent !== null && (below.length === 0 || command.description() !== '');
  return acts ? [command, ...below] : below;
}

function usage(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  const given = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [...names, ...given].join(' ');
}
