/**
 * Which director, as whom: MILLRACE_URL and MILLRACE_TOKEN, else what `millrace login` kept.
 *
 * Guarantee: the file is readable by its owner alone; a kept token is only ever sent to the address that it
 * belongs to.
 */
import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { makeFolder, readJson, writeAtomically } from '@millrace/blobs';
import { client, type Client } from '@millrace/client';
import { Failure } from '@millrace/schemas';
import { z } from 'zod';

const Login = z.object({ url: z.string(), token: z.string() });
export type Login = z.infer<typeof Login>;

export function loginFile(): string {
  return join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'millrace', 'config.json');
}

export async function keepLogin({ url, token }: Login): Promise<void> {
  const file = loginFile();
  await makeFolder(join(file, '..'));
  await writeAtomically(file, `${JSON.stringify({ url, token }, null, 2)}\n`, { mode: 0o600 });
}

export async function forgetLogin(): Promise<void> {
  await rm(loginFile(), { force: true });
}

export async function connect(): Promise<Client> {
  const url = process.env.MILLRACE_URL?.replace(/\/+$/, '');
  const token = process.env.MILLRACE_TOKEN;
  const kept = Login.safeParse(await readJson(loginFile()));
  const known = kept.success ? kept.data : undefined;
  const to = url || known?.url;
  const as = token || (known?.url === to ? known?.token : undefined);
  if (!to || !as) {
    throw new Failure(
      'access.unauthenticated',
      to
        ? `There is no token for ${to}. Use \`millrace login ${to}\`, or set MILLRACE_TOKEN.`
        : 'No director is known. Use `millrace login URL`, or set MILLRACE_URL and MILLRACE_TOKEN.',
    );
  }
  return client({ url: to, token: as });
}
