/**
 * The parts of an upload: pure arithmetic, the same for S3 and for the disk store.
 *
 * Guarantee: the parts cover the content once, in order, without a gap, and S3 takes every plan made here.
 */
import { Failure } from '@millrace/schemas';

export interface Part {
  /** From 1, as S3 counts. */
  number: number;
  /** Bytes from the start of the content. */
  offset: number;
  length: number;
}

const MiB = 1024 * 1024;
/** S3 refuses parts under 5 MiB except the last. 16 makes 13 parts of 200 MB: few requests, small repeats. */
const leastPart = 16 * MiB;
/** S3's own limits: 10,000 parts, 5 GiB a part, 5 TiB an object. */
const mostParts = 10_000;
const largestPart = 5 * 1024 * MiB;
const largestObject = 5 * 1024 * 1024 * MiB;

/**
 * Equal parts of at least `minPart` bytes, the last one shorter; larger parts when there would be more than
 * `maxParts`. Empty content is one part of no bytes, since an upload without parts cannot be completed.
 */
export function planParts(size: number, options: { minPart?: number; maxParts?: number } = {}): Part[] {
  const minPart = options.minPart ?? leastPart;
  const maxParts = options.maxParts ?? mostParts;
  if (!Number.isSafeInteger(size) || size < 0 || minPart < 1 || maxParts < 1) {
    throw new Failure('platform.invalid-request', `The size of an upload must be whole bytes, not ${size}.`);
  }
  // Whole MiB above the least size, so that offsets stay readable in logs.
  const needed = Math.ceil(size / maxParts);
  const partSize = needed <= minPart ? minPart : Math.ceil(needed / MiB) * MiB;
  if (partSize > largestPart || size > largestObject) {
    throw new Failure(
      'platform.body-too-large',
      `${size} bytes do not fit in ${maxParts} parts of at most 5 GiB and an object of at most 5 TiB. ` +
        'Split the resource into several.',
    );
  }
  const count = Math.max(1, Math.ceil(size / partSize));
  return Array.from({ length: count }, (_, index) => {
    const offset = index * partSize;
    return { number: index + 1, offset, length: Math.min(partSize, size - offset) };
  });
}
