/** An object of the store as something to inspect: read in ranges, so that memory stays at one window. */
import { buffer } from 'node:stream/consumers';
import type { ByteSource } from '@millrace/inference';
import type { ObjectStore } from '../platform/objects/store.js';

export function objectSource(objects: ObjectStore, key: string, size: number): ByteSource {
  return {
    size,
    read: async (offset, length) =>
      length === 0
        ? new Uint8Array(0)
        : buffer(await objects.get(key, { start: offset, end: offset + length - 1 })),
  };
}
