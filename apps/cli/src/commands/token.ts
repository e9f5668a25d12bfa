import type { Command } from 'commander';
import type { ApiToken, Permission } from '@millrace/schemas';
import { connect } from '../connection.js';
import {
  formatOf,
  outputOptions,
  print,
  printData,
  printDone,
  printList,
  type OutputOptions,
  type View,
} from '../output/format.js';
import { talk } from '../output/talk.js';
import { timeOf } from '../output/time.js';
import { wholeNumber } from '../references.js';
import { collect, UsageError } from '../usage.js';

const tokenView: View<ApiToken> = {
  name: ({ id }) => id,
  columns: {
    id: ({ id }) => id,
    name: ({ name }) => name,
    scopes: ({ scopes }) => scopes.join(' '),
    ends: ({ expiresAt }) => timeOf(expiresAt),
  },
};

interface CreateOptions extends OutputOptions {
  scope: string[];
  group: string[];
  days: string;
}

export function addToken(program: Command): void {
  const token = program.command('token').summary('API tokens for programs');

  outputOptions(token.command('list').description('Lists the API tokens, newest first.')).action(
    async (options: OutputOptions) => {
      const { each, take } = await import('@millrace/client');
      const { access } = await connect();
      printList(await take(each(access.tokens, {})), tokenView, options);
    },
  );

  outputOptions(
    token
      .command('create')
      .description('Makes an API token. Only a person can: sign in with a password first.')
      .argument('<name>')
      .option(
        '--scope <room.verb>',
        'what it may do, such as flows.read; may be given several times',
        collect,
        [],
      )
      .option(
        '--group <name>',
        'it changes nodes of this group alone; may be given several times',
        collect,
        [],
      )
      .option('--days <n>', 'until it ends', '90'),
  ).action(async (name: string, options: CreateOptions) => {
    const { Permission } = await import('@millrace/schemas');
    const known: readonly string[] = Permission.options;
    const unknown = options.scope.find((scope) => !known.includes(scope));
    if (options.scope.length === 0 || unknown !== undefined) {
      const what = unknown === undefined ? '--scope is needed' : `There is no scope "${unknown}"`;
      throw new UsageError(`${what}. Scopes are ${known.join(', ')}.`);
    }
    const days = wholeNumber('--days', options.days);
    const { access } = await connect();
    const made = await access.createToken({
      name,
      scopes: options.scope as Permission[],
      ...(options.group.length > 0 && { groups: options.group }),
      expiresAt: new Date(Date.now() + days * 86_400_000).toISOString(),
    });
    const format = formatOf(options);
    if (format === 'json' || format === 'yaml') return printData(made, format);
    print(made.token);
    talk(`${made.id} ends ${timeOf(made.expiresAt)}; the token is not shown again`);
  });

  outputOptions(token.command('revoke').description('Ends an API token.').argument('<id>')).action(
    async (id: string, options: OutputOptions) => {
      const { access } = await connect();
      await access.revokeToken(id);
      printDone({ id, revoked: true }, id, options);
      talk(`${id} is revoked`);
    },
  );
}
