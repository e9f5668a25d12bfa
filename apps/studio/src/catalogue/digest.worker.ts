/** Hashes a file beside the page, a slice at a time, so that neither memory nor the page feels it. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

const SLICE = 4 * 1024 * 1024;

export type DigestSays = { done: number } | { digest: string } | { failed: string };

self.addEventListener('message', async ({ data: file }: MessageEvent<File>) => {
  const say = (message: DigestSays) => self.postMessage(message);
  try {
    const hash = sha256.create();
    for (let at = 0; at < file.size; at += SLICE) {
      hash.update(new Uint8Array(await file.slice(at, at + SLICE).arrayBuffer()));
      say({ done: Math.min(at + SLICE, file.size) });
    }
    say({ digest: `sha256:${bytesToHex(hash.digest())}` });
  } catch (error) {
    say({ failed: error instanceof Error ? error.message : String(error) });
  }
});
