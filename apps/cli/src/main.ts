/** The `millrace` command: parses what was typed, runs one command, ends with its exit code. */
import { tellError } from './output/errors.js';
import { millrace } from './program.js';

// `millrace ... | head` closes the pipe early, which is no error. What listens to SIGTERM stops tidily.
let closed = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  if (closed) return;
  closed = true;
  if (!process.emit('SIGTERM')) process.exit(0);
});

try {
  await millrace().parseAsync();
} catch (error) {
  process.exitCode = tellError(error);
}
