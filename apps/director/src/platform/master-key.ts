/**
 * The master key: 32 bytes that encrypt what is secret at rest. From MILLRACE_MASTER_KEY, else from a file of
 * mode 0600 in the data folder, made at the first start.
 */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfThere, writeWhole } from './embedded/files.js';

export class MasterKey {
  constructor(readonly bytes: Uint8Array) {}
}

export async function loadMasterKey(config: { masterKey?: string; data: string }): Promise<MasterKey> {
  if (config.masterKey) return new MasterKey(Buffer.from(config.masterKey, 'base64url'));
  const path = join(config.data, 'master.key');
  const kept = await readIfThere(path);
  if (kept) return new MasterKey(Buffer.from(kept.trim(), 'base64url'));
  await mkdir(config.data, { recursive: true });
  const made = randomBytes(32);
  await writeWhole(path, `${made.toString('base64url')}\n`);
  return new MasterKey(made);
}
