/**
 * How to sign in to the director of a data folder, in a file of mode 0600.
 *
 * Guarantee: what the first start made is on the disk before it is committed; it stays the same until somebody
 * changes it. A token that was revoked is replaced by a new one, as long as the password is still good.
 */
import { join } from 'node:path';
import { readJson, writeAtomically } from '@millrace/blobs';
import { client } from '@millrace/client';
import { Failure } from '@millrace/schemas';
import { z } from 'zod';
import { talk } from '../output/talk.js';

const Credentials = z.object({ email: z.string(), password: z.string(), token: z.string() });
export type Credentials = z.infer<typeof Credentials>;

const TOKEN_MS = 10 * 365 * 86_400_000; // as long as that of the first start

const fileIn = (folder: string): string => join(folder, 'credentials.json');

export async function keepCredentials(folder: string, credentials: Credentials): Promise<void> {
  const { email, password, token } = credentials;
  const text = `${JSON.stringify({ email, password, token }, null, 2)}\n`;
  await writeAtomically(fileIn(folder), text, { mode: 0o600 });
}

/** What is kept, after making sure that it still opens the door. */
export async function openCredentials(folder: string, url: string): Promise<Credentials> {
  const file = fileIn(folder);
  const parsed = Credentials.safeParse(await readJson(file));
  if (!parsed.success) {
    throw new Failure(
      'platform.unreadable-file',
      `${file} does not hold the credentials of the first start. Bring it back from a backup, or write ` +
        '{"email", "password", "token"} of an admin into it.',
    );
  }
  const kept = parsed.data;
  try {
    await client({ url, token: kept.token }).access.me();
    return kept;
  } catch (error) {
    if (!(error instanceof Failure) || error.row.status !== 401) throw error;
  }
  try {
    const session = await client({ url }).access.signIn({ email: kept.email, password: kept.password });
    const { access } = client({ url, token: session.token });
    const { permissions } = await access.me();
    const expiresAt = new Date(Date.now() + TOKEN_MS).toISOString();
    const { token } = await access.createToken({ name: 'millrace up', scopes: permissions, expiresAt });
    await access.signOut();
    const renewed = { ...kept, token };
    await keepCredentials(folder, renewed);
    return renewed;
  } catch (error) {
    if (!(error instanceof Failure) || error.row.status !== 401) throw error;
    talk(`The password and the token of ${kept.email} were changed; ${file} still has the old ones.`);
    return kept;
  }
}
