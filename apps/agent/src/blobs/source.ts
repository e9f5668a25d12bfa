/**
 * Where the bytes of a resource come from: a signed link that the director gives for a minute, asked for anew
 * at every try, and read from the byte at which the last try stopped.
 *
 * What comes is not trusted here: the folder of blobs checks it while it streams. The node's credential goes
 * to the director alone and never along with the link.
 */
import { Transform } from 'node:stream';
import type { Source } from '@millrace/blobs';
import { Failure } from '@millrace/schemas';
import type { DirectorApi } from '../director/api.js';
import { openRequest } from '../director/request.js';

export function blobSource(api: DirectorApi, digest: string): Source {
  return async (offset, signal) => {
    const { url } = await api.download(digest, signal);
    // A store that is embedded in the director may name its links without a host.
    const link = new URL(url, api.url);
    const headers: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
    const response = await openRequest({ url: link, headers, signal });
    if (response.statusCode !== 200 && response.statusCode !== 206) {
      response.destroy();
      throw new Failure(
        'platform.download-cut',
        `The store of ${digest} answered ${response.statusCode}. A new link is asked for at the next try.`,
      );
    }
    // A store that does not know ranges sends all of it again.
    return offset > 0 && response.statusCode === 200 ? response.compose(skip(offset)) : response;
  };
}

function skip(bytes: number): Transform {
  let left = bytes;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      const gone = Math.min(left, chunk.length);
      left -= gone;
      done(null, chunk.subarray(gone));
    },
  });
}
