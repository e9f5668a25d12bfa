/**
 * Private folders for what is under way here: a file that is being taken in, a test run.
 *
 * Guarantee: only this user may read them; whoever makes one removes it, and what a killed director left goes
 * away at the start of a later one.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import type { Config } from '../../platform/config.js';
import { newId } from '../../platform/id.js';
import { CONFIG } from '../../platform/platform.module.js';

/** Longer than anything here takes; another director may use the same data folder. */
const ABANDONED_MS = 3_600_000;

@Injectable()
export class WorkFolders implements OnModuleInit {
  private readonly root: string;

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly clock: Clock,
  ) {
    this.root = join(config.data, 'testing');
  }

  async onModuleInit(): Promise<void> {
    const names = await readdir(this.root).catch(() => []);
    for (const name of names) {
      const path = join(this.root, name);
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
      if (mtimeMs < this.clock.now() - ABANDONED_MS) await rm(path, { recursive: true, force: true });
    }
  }

  async make(): Promise<string> {
    const folder = join(this.root, newId(this.clock.now()));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return folder;
  }
}
