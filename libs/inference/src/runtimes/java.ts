/** A runtime of Java: its jars in one folder, which is the class path `<folder>/*`. */
import { copyFile, link } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Filling } from './build.js';

export async function fillJava({ folder, packages = [] }: Filling): Promise<void> {
  for (const file of packages) {
    const target = join(folder, basename(file));
    await link(file, target).catch(() => copyFile(file, target));
  }
}
