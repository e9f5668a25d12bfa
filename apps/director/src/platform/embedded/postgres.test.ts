import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startPostgres, type EmbeddedPostgres } from './postgres.js';

async function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

const postmasterId = async (folder: string) =>
  Number((await readFile(join(folder, 'data/postmaster.pid'), 'utf8')).split('\n')[0]);

const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('the embedded PostgreSQL', () => {
  let around: string;
  let folder: string;
  let running: EmbeddedPostgres | undefined;
  beforeEach(async () => {
    around = await mkdtemp(join(tmpdir(), 'millrace-postgres-'));
    folder = join(around, 'postgres');
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
    await rm(around, { recursive: true, force: true });
  });

  if (process.getuid?.() === 0) {
    it('lives elsewhere below a folder that is closed to others, and begins anew when its own is deleted', async () => {
      const closed = join(around, 'closed');
      await mkdir(closed, { mode: 0o700 });
      folder = join(closed, 'data/postgres');
      const places: string[] = [];
      const open = async () => {
        running = await startPostgres({ folder });
        places.push(await readlink(join(folder, 'elsewhere')));
        return running;
      };
      try {
        await ask((await open()).ownerUrl, 'CREATE TABLE kept (v int)');
        await running?.stop();
        expect(await ask((await open()).ownerUrl, 'SELECT * FROM kept')).toEqual([]);
        await running?.stop();
        await rm(join(closed, 'data'), { recursive: true });
        await expect(ask((await open()).ownerUrl, 'SELECT * FROM kept')).rejects.toThrow(/does not exist/);
        expect(places[1]).toBe(places[0]);
        expect(places[2]).not.toBe(places[0]);
      } finally {
        await running?.stop();
        running = undefined;
        for (const place of places) await rm(place, { recursive: true, force: true });
      }
    });
  }

  it('starts on loopback with passwords, keeps everything over a stop, and remembers its port', async () => {
    running = await startPostgres({ folder });
    expect(running.adopted).toBe(false);
    await ask(running.ownerUrl, 'CREATE TABLE kept (v int); INSERT INTO kept VALUES (42)');
    expect(await ask(running.apiUrl, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    await expect(ask(running.apiUrl, 'SELECT * FROM kept')).rejects.toThrow(/permission denied/);
    const stranger = new URL(running.apiUrl);
    stranger.password = 'wrong';
    await expect(ask(stranger.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    expect((await stat(join(folder, 'access.json'))).mode & 0o777).toBe(0o600);
    const { port } = running;
    const pid = await postmasterId(folder);
    await running.stop();
    expect(alive(pid)).toBe(false);
    running = await startPostgres({ folder });
    expect(running.port).toBe(port);
    expect(await ask(running.ownerUrl, 'SELECT v FROM kept')).toEqual([{ v: 42 }]);
  });

  it('outlives a kill -9 of its parent and is adopted by the next', async () => {
    const script = join(around, 'parent.mjs');
    const source = new URL('./postgres.ts', import.meta.url).href;
    await writeFile(
      script,
      `const { startPostgres } = await import(${JSON.stringify(source)});
       await startPostgres({ folder: ${JSON.stringify(folder)} });
       process.stdout.write('started');
       setInterval(() => undefined, 1_000);`,
    );
    const loader = new URL('../../../../../test/kit/typescript.mjs', import.meta.url).href;
    const parent = spawn(process.execPath, ['--import', loader, script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => parent.stdout.once('data', resolve));
    const pid = await postmasterId(folder);
    const killed = new Promise((resolve) => parent.once('exit', resolve));
    parent.kill('SIGKILL');
    await killed;
    expect(alive(pid)).toBe(true);
    const again = await startPostgres({ folder });
    expect(again.adopted).toBe(true);
    expect(await postmasterId(folder)).toBe(pid);
    await again.stop();
    expect(alive(pid)).toBe(false);
  });

  it('recovers after its own kill -9, stale lock file and all', async () => {
    running = await startPostgres({ folder });
    await ask(running.ownerUrl, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS v');
    process.kill(await postmasterId(folder), 'SIGKILL');
    running = await startPostgres({ folder });
    expect(await ask(running.ownerUrl, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 1000 }]);
  });

  it('takes another port when its own is taken', async () => {
    running = await startPostgres({ folder });
    const { port } = running;
    await running.stop();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    try {
      running = await startPostgres({ folder });
      expect(running.port).not.toBe(port);
      expect(await ask(running.ownerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    } finally {
      await new Promise((resolve) => squatter.close(resolve));
    }
  });

  it('is not confused by a lock file that names a process of somebody else', async () => {
    running = await startPostgres({ folder });
    await running.stop();
    await writeFile(
      join(folder, 'data/postmaster.pid'),
      `${process.pid}\n${folder}/data\n1\n1\n\n127.0.0.1\n`,
    );
    running = await startPostgres({ folder });
    expect(await ask(running.ownerUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
