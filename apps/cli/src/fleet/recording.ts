/**
 * A recording from a node into a file, part by part.
 *
 * Guarantee: the file appears under its name when it is whole and holds something; memory is bounded by one part.
 */
import { open, rename, rm } from 'node:fs/promises';
import { Failure, type NodeRecording } from '@millrace/schemas';

export async function fetchRecording(
  part: (after: number) => Promise<NodeRecording>,
  out: string,
): Promise<{ bytes: number; leftOut: number }> {
  const partial = `${out}.part`;
  const file = await open(partial, 'w');
  let [bytes, leftOut] = [0, 0];
  try {
    for (let after = 0, more = true; more;) {
      const got = await part(after);
      const frames = Buffer.from(got.frames, 'base64');
      await file.appendFile(frames);
      bytes += frames.length;
      leftOut += got.leftOut;
      more = got.more;
      after = got.through;
    }
    await file.close();
    if (bytes === 0) {
      throw new Failure(
        'fleet.command-refused',
        'The journal on the node has nothing of this module. Sources with the setting `journal` are recorded.',
      );
    }
    await rename(partial, out);
  } catch (error) {
    await file.close();
    await rm(partial, { force: true });
    throw error;
  }
  return { bytes, leftOut };
}
