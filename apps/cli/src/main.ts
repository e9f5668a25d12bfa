/** The `millrace` command: parses what was typed, runs one command, ends with its exit code. */
import { tellError } from './output/errors.js';
import { millrace } from './program.js';

// `millrace ... | head` closes the pipe early, which is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await millrace().parseAsync();
} catch (error) {
  process.exitCode = tellError(error);
}
