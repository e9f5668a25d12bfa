/** A runtime of Java: its jars in one folder, which is the class path `jars/*`. */
import { copyFile, link, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Filling } from './build.js';

export async function fillJava({ folder, packages = [] }: Filling): Promise<void> {
  const jars = join(folder, 'jars');
  await mkdir(jars);
  for (const file of packages) {
    const target = join(jars, basename(file));
    await link(file, target).catch(() => copyFile(file, target));
  }
}
