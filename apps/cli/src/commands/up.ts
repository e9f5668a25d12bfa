import type { Command } from 'commander';
import { tellError } from '../output/errors.js';
import { wholeNumber } from '../references.js';
import { UsageError } from '../usage.js';

interface Options {
  demo?: boolean;
  data?: string;
  port?: string;
  host?: string;
  json?: boolean;
}

export function addUp(program: Command): void {
  program
    .command('up')
    .summary('director and its services on this machine')
    .description(
      'Starts the director with its jobs and embedded services in this process, and prints how to sign in when all ' +
        'is ready. Ctrl-C stops everything that it started. Services with a variable of docs/configuration.md are ' +
        'used instead of embedded ones.',
    )
    .option('--demo', 'with three nodes in two groups, a real flow and live data')
    .option('--data <dir>', 'folder of everything (default: MILLRACE_DATA, or .millrace)')
    .option('--port <n>', 'HTTP port; 0 picks one (default: MILLRACE_PORT, or 8080)')
    .option('--host <address>', 'address to listen on (default: MILLRACE_HOST, or 127.0.0.1)')
    .option('--json', 'stdout is one line {"ready": true, "url", "email", "password", "token"}')
    .action(async ({ demo = false, json = false, ...rest }: Options) => {
      if (rest.port !== undefined && wholeNumber('--port', rest.port, 0) > 65_535) {
        throw new UsageError(`--port takes a number up to 65535, and not "${rest.port}".`);
      }
      const { up } = await import('../up/up.js');
      // Everything has been closed by then; what some library still holds open must not keep the process.
      process.exit(await up({ demo, json, ...rest }).then(() => 0, tellError));
    });
}
