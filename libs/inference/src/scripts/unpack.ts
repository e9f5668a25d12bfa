/**
 * Unpacks a script that is a packed folder, once, to where it is used from.
 *
 * Guarantee: the folder is there whole or not at all, after a power cut too; nothing outside of it is touched;
 * an entry point alone under one folder of the same archive is found (`tar` of a folder has the folder in it).
 */
import { open, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder } from '@millrace/blobs';
import { fileSource } from '../inspect/source.js';
import { freshFolder } from '../runtimes/fresh-folder.js';
import { packedFormat, readPacked } from './archive.js';
import { damaged } from './packed.js';

/** Whether the file is a packed folder, or a script as it is. */
export async function isPacked(file: string): Promise<boolean> {
  const source = await fileSource(file);
  try {
    return (await packedFormat(source)) !== undefined;
  } finally {
    await source.close();
  }
}

export async function unpackScript(file: string, to: string, signal?: AbortSignal): Promise<void> {
  await freshFolder(to, async (fresh) => {
    const source = await fileSource(file);
    try {
      const format = await packedFormat(source);
      if (format === undefined) throw damaged('it is no packed folder');
      for await (const { path, kind, executable, content } of readPacked(source, format)) {
        signal?.throwIfAborted();
        const target = join(fresh, path);
        if (kind === 'folder') await makeFolder(target);
        else await write(target, content, executable ? 0o755 : 0o644);
      }
    } finally {
      await source.close();
    }
    return only(fresh);
  });
}

/** `wx`: a file that another entry made, or a link, is never written through. */
async function write(path: string, content: AsyncIterable<Uint8Array>, mode: number): Promise<void> {
  await makeFolder(dirname(path));
  const file = await open(path, 'wx', mode);
  try {
    for await (const chunk of content) await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The one folder that all of it lies in, if there is one. */
async function only(folder: string): Promise<string> {
  const [first, ...more] = await readdir(folder, { withFileTypes: true });
  return first?.isDirectory() === true && more.length === 0 ? join(folder, first.name) : folder;
}
