/**
 * download: 100 MB to 20 nodes at once, from a director's store through signed links, checked and on the disk, beside
 * a plain file server with chunks of 1 MiB and clients that only write; the check of a digest beside SHA-256 alone; and
 * what a second deployment of the same model fetches.
 */
import { createHash, randomBytes } from 'node:crypto';
import { open, mkdtemp, readFile, rm, chmod, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { register } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compared, nanoseconds } from './kit/pairs.mjs';
import { startProcess } from './rig/process.mjs';

register('../kit/typescript-hooks.mjs', import.meta.url);
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const SIZE = 100_000_000;
const NODES = 20;
const CHUNK = 1024 * 1024;
/** Each turn writes 4 GB. */
const MOST_PAIRS = 5;

export async function run({ pairs }) {
  const turns = Math.min(pairs, MOST_PAIRS);
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  // A database that root starts must get here as another user.
  await chmod(folder, 0o711);
  const model = join(folder, 'model.bin');
  await writeFile(model, randomBytes(SIZE));
  const servers = [];
  try {
    const plain = await plainServer(model);
    servers.push(plain);
    const director = await directorWith(folder, model);
    servers.push(director);
    const { openBlobFolder, verifier } = await import('../../libs/blobs/src/index.ts');
    const digest = `sha256:${createHash('sha256')
      .update(await readFile(model))
      .digest('hex')}`;
    const fresh = async (place) => {
      await rm(join(folder, place), { recursive: true, force: true });
      return Promise.all(
        Array.from({ length: NODES }, (_, i) => openBlobFolder(join(folder, place, String(i)))),
      );
    };
    const pullAll = (folders) =>
      Promise.all(folders.map((blobs) => blobs.pull(digest, SIZE, director.source)));
    let folders;
    const ours = async () => {
      folders = await fresh('nodes');
      const ns = await nanoseconds(() => pullAll(folders));
      return (NODES * SIZE) / (ns / 1e9) / 1e6;
    };
    const bare = async () => {
      const targets = await fresh('bare');
      const ns = await nanoseconds(() =>
        Promise.all(targets.map(({ dir }) => write(plain.url, join(dir, 'bare')))),
      );
      return (NODES * SIZE) / (ns / 1e9) / 1e6;
    };
    const lines = [
      await compared(
        { name: 'download', case: '100 MB to 20 nodes', unit: 'MB/s', goal: '>=0.7' },
        turns,
        ours,
        bare,
      ),
      await compared(
        { name: 'download', case: 'digest check', unit: 'ns/byte', goal: '<=1.2' },
        pairs,
        ...checks(await readFile(model), digest, verifier),
      ),
    ];
    const again = (await pullAll(folders)).reduce((sum, { fetched }) => sum + fetched, 0);
    lines.push({
      name: 'download',
      case: 'second deployment',
      value: again,
      unit: 'bytes',
      limit: 0,
      ratio: again === 0 ? 1 : Infinity,
      goal: '0',
      pairs: 1,
    });
    return lines;
  } finally {
    for (const server of servers) await server.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The same chunks through the check of a download and through a bare hash. */
function checks(bytes, digest, verifier) {
  const chunks = [];
  for (let i = 0; i < bytes.length; i += 65_536) chunks.push(bytes.subarray(i, i + 65_536));
  const each = (ns) => ns / bytes.length;
  const ours = async () =>
    each(
      await nanoseconds(() => {
        const check = verifier(digest, bytes.length);
        for (const chunk of chunks) check.take(chunk);
        check.finish();
      }),
    );
  const bare = async () =>
    each(
      await nanoseconds(() => {
        const hash = createHash('sha256');
        for (const chunk of chunks) hash.update(chunk);
        if (`sha256:${hash.digest('hex')}` !== digest) throw new Error('the bytes are others');
      }),
    );
  return [ours, bare];
}

async function plainServer(file) {
  const program = `
    import { createReadStream } from 'node:fs';
    import { createServer } from 'node:http';
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': ${SIZE} });
      createReadStream(process.argv[1], { highWaterMark: ${CHUNK} }).pipe(response);
    });
    server.listen(0, '127.0.0.1', () => console.log('port', server.address().port));`;
  const process = await startProcess({
    args: ['--input-type=module', '-e', program, file],
    ready: (log) => /port \d+/.test(log),
  });
  let log = '';
  await process.until((text) => /port \d+/.test((log = text)), 'port');
  return { url: `http://127.0.0.1:${/port (\d+)/.exec(log)[1]}`, stop: () => process.stop() };
}

/** A whole director with the model in its catalogue. */
async function directorWith(folder, model) {
  const process = await startProcess({
    args: [
      at('../../apps/cli/bin/millrace.js'),
      'up',
      '--json',
      '--port',
      '0',
      '--data',
      join(folder, 'data'),
    ],
    ready: (log) => log.includes('"ready":true'),
  });
  let log = '';
  await process.until((text) => ((log = text), text.includes('"ready":true')), 'word');
  const { url, token } = JSON.parse(log.split('\n').find((line) => line.includes('"ready":true')));
  const push = await startProcess({
    args: [
      at('../../apps/cli/bin/millrace.js'),
      'resource',
      'push',
      model,
      '--name',
      'model',
      '--kind',
      'data',
    ],
    env: { MILLRACE_URL: url, MILLRACE_TOKEN: token },
    ready: (text) => text.includes('model@1'),
  });
  await push.stop();
  const content = `${url}/v1/resources/model/versions/1/content`;
  const open = (address, headers) =>
    new Promise((resolve, reject) => get(address, { headers }, resolve).on('error', reject));
  return {
    stop: () => process.stop(),
    /** As a node does: a link of its own each time, then the bytes from where it stands. */
    async source(offset) {
      const link = await open(content, { authorization: `Bearer ${token}` });
      link.resume();
      return open(link.headers.location, offset === 0 ? {} : { range: `bytes=${offset}-` });
    },
  };
}

/** Writes as it comes, a chunk at a time, and nothing else. */
async function write(url, path) {
  const file = await open(path, 'w');
  const response = await new Promise((resolve, reject) => get(url, resolve).on('error', reject));
  let waiting = [];
  let size = 0;
  for await (const chunk of response) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < CHUNK) continue;
    await file.writev(waiting);
    waiting = [];
    size = 0;
  }
  if (waiting.length > 0) await file.writev(waiting);
  await file.sync();
  await file.close();
}
