/** Passwords: argon2id with the library's parameters (19 MiB, two passes). About 20 ms a check. */
import { hash, verify } from '@node-rs/argon2';

export const hashPassword = (password: string): Promise<string> => hash(password);

let nobody: Promise<string> | undefined;

/** Without a hash (no such user) it takes as long as with one, so that the time tells nothing. */
export async function passwordFits(password: string, kept: string | undefined): Promise<boolean> {
  nobody ??= hash('nobody has this password');
  const fits = await verify(kept ?? (await nobody), password);
  return fits && kept !== undefined;
}
