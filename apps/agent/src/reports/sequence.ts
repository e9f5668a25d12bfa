/**
 * The numbers of this node's reports.
 *
 * Guarantee: they rise for ever, over kills too; a kill leaves a hole of at most BLOCK.
 */
import { readJson, writeAtomically } from '@millrace/blobs';
import { z } from 'zod';

/** Numbers are reserved on the disk in blocks, so that a report costs no fsync. */
const BLOCK = 1_000;

export async function sequence(path: string): Promise<() => Promise<number>> {
  const stored = z.object({ reserved: z.number() }).safeParse(await readJson(path).catch(() => undefined));
  let next = stored.success ? stored.data.reserved : 0;
  let reserved = next;
  return async () => {
    if (next >= reserved) {
      reserved = next + BLOCK;
      await writeAtomically(path, JSON.stringify({ reserved }));
    }
    return ++next;
  };
}
