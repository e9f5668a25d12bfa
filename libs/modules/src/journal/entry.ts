/**
 * What a journal holds of a message: the module that took it, the topic and the number that its broker gave it, and
 * its bytes as they came, so that reading it again gives the same records. The arrival is the frame's time.
 */
import type { Stored } from '../segments.js';

export interface Taken {
  /** Id of the source. */
  module: string;
  topic: string;
  /** Number of the message in its broker's session; 0 when it has none. */
  packet: number;
  payload: Uint8Array;
  /** Arrival, epoch ms. */
  at: number;
}

export interface Entry extends Taken {
  id: number;
}

/** Lengths of the two names, and the packet's number. */
const HEAD = 6;
const MAX_NAME = 0xffff;

export function encodeTaken({ module, topic, packet, payload }: Taken): Buffer {
  const names = Buffer.from(module + topic);
  const topicBytes = Buffer.byteLength(topic);
  const moduleBytes = names.length - topicBytes;
  if (moduleBytes > MAX_NAME || topicBytes > MAX_NAME) throw new Error('a name is longer than 64 KiB');
  const bytes = Buffer.allocUnsafe(HEAD + names.length + payload.length);
  bytes.writeUInt16LE(moduleBytes, 0);
  bytes.writeUInt16LE(topicBytes, 2);
  bytes.writeUInt16LE(packet, 4);
  names.copy(bytes, HEAD);
  bytes.set(payload, HEAD + names.length);
  return bytes;
}

export function decodeTaken({ id, time, payload }: Stored): Entry {
  const topicFrom = HEAD + payload.readUInt16LE(0);
  const from = topicFrom + payload.readUInt16LE(2);
  return {
    id,
    at: time,
    packet: payload.readUInt16LE(4),
    module: payload.toString('utf8', HEAD, topicFrom),
    topic: payload.toString('utf8', topicFrom, from),
    payload: payload.subarray(from),
  };
}
