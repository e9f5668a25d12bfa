import { Argument, type Command } from 'commander';

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .summary('completion for a shell')
    .description('Prints a script for the shell: add `source <(millrace completion bash)` to ~/.bashrc.')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh']))
    .action(async (shell: 'bash' | 'zsh') => {
      const { completionScript } = await import('../completion.js');
      const { print } = await import('../output/format.js');
      print(completionScript(program, shell));
    });
}
