/** An object of the store as something to inspect: read in ranges, so that memory stays at one window. */
import { buffer } from 'node:stream/consumers';
import type { ByteSource } from '@millrace/inference';
import { Failure } from '@millrace/schemas';
import type { ObjectStore } from '../platform/objects/store.js';

export function objectSource(objects: ObjectStore, key: string, size: number): ByteSource {
  return {
    size,
    read: (offset, length) =>
      reaching(async () =>
        length === 0
          ? new Uint8Array(0)
          : buffer(await objects.get(key, { start: offset, end: offset + length - 1 })),
      ),
  };
}

/** What the object store fails with is an outage, whatever it calls it: it says nothing about the file. */
export async function reaching<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure('platform.unavailable', 'The object store does not answer. It will be asked again.', {
      cause,
    });
  }
}
