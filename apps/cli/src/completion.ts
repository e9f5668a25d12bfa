/**
 * Completion of commands and options for bash and zsh, from the tree of commands itself. Names of flows and
 * nodes are not completed: a key press should ask no director. Where nothing fits, files are offered.
 */
import type { Command } from 'commander';

export function completionScript(program: Command, shell: 'bash' | 'zsh'): string {
  const cases = branches(program, '').map(
    ({ path, words }) => `    '${path}') words='${words.join(' ')}' ;;`,
  );
  // The longest path of commands that was typed decides; what follows it are arguments.
  const bash = `_millrace() {
  local typed="\${COMP_WORDS[*]:1:COMP_CWORD-1}" current="\${COMP_WORDS[COMP_CWORD]}" words='' path
  for path in "$(cut -d' ' -f1-2 <<<"$typed")" "$(cut -d' ' -f1 <<<"$typed")"; do
    case "$path" in
${cases.join('\n')}
    esac
    [[ -n $words ]] && break
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ \${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _millrace millrace`;
  return shell === 'bash' ? bash : `autoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

function branches(command: Command, path: string): { path: string; words: string[] }[] {
  const subcommands = command.commands.map((child) => child.name());
  const options = command.options.filter(({ hidden }) => !hidden).map(({ long }) => long ?? '');
  const below = command.commands.flatMap((child) =>
    branches(child, path === '' ? child.name() : `${path} ${child.name()}`),
  );
  return [{ path, words: [...subcommands, ...options, '--help'] }, ...below];
}
