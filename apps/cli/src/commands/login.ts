import type { Command } from 'commander';

interface Options {
  email?: string;
  password?: string;
  token?: string;
  organization?: string;
  json?: boolean;
}

export function addLogin(program: Command): void {
  program
    .command('login')
    .summary('sign in to a director')
    .description(
      'Signs in and keeps the token in ~/.config/millrace/config.json, readable by you alone. MILLRACE_URL and ' +
        'MILLRACE_TOKEN go before it.',
    )
    .argument('<url>', 'address of the director')
    .option('--email <email>', 'who you are; asked for when absent')
    .option('--password <password>', 'asked for when absent')
    .option('--token <token>', 'an API token instead of a password')
    .option('--organization <name>', 'for people of several organizations')
    .option('--json', 'nothing is ever asked')
    .action(async (address: string, options: Options) => {
      const { client } = await import('@millrace/client');
      const { keepLogin, loginFile } = await import('../connection.js');
      const { ask } = await import('../output/ask.js');
      const { talk } = await import('../output/talk.js');
      const url = (/^https?:\/\//.test(address) ? address : `http://${address}`).replace(/\/+$/, '');
      let { token } = options;
      if (token === undefined) {
        const never = options.json;
        const email = options.email ?? (await ask('Email', '--email', { never }));
        const password = options.password ?? (await ask('Password', '--password', { hidden: true, never }));
        const { organization } = options;
        ({ token } = await client({ url }).access.signIn({ email, password, organization }));
      }
      const me = await client({ url, token }).access.me();
      await keepLogin({ url, token });
      talk(
        `signed in to ${me.organization.name} at ${url} as ${me.email ?? me.name}; kept in ${loginFile()}`,
      );
    });
  program
    .command('logout')
    .summary('forget the sign-in')
    .description('Ends the session, and removes what `millrace login` kept.')
    .action(async () => {
      const { connect, forgetLogin } = await import('../connection.js');
      // A director that is gone, or a session that ended, is no reason to keep the token.
      await connect()
        .then(({ access }) => access.signOut())
        .catch(() => undefined);
      await forgetLogin();
    });
}
