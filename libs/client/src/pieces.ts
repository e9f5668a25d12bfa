/** Bytes without a version, for a runtime to name: sent in parts as every upload is. Gives the bytes that were sent. */
import { Failure, type PieceBegin } from '@millrace/schemas';
import type { catalogueOf } from './catalogue.js';
import { pause } from './http.js';
import { knownCode } from './problem.js';
import { sendMissing, SEAL_MS, SEAL_POLL_MS, type Content, type PushOptions } from './upload.js';

export async function pushPiece(
  catalogue: ReturnType<typeof catalogueOf>,
  name: string,
  piece: PieceBegin,
  content: Content,
  options: PushOptions = {},
): Promise<number> {
  const begun = await catalogue.beginPiece(name, piece);
  if (begun.exists) return 0;
  const sentBytes = await sendMissing(catalogue, name, begun, piece.size, content, options);
  await catalogue.completePiece(name, begun.upload);
  const end = Date.now() + SEAL_MS;
  for (;;) {
    const { state, refusal } = await catalogue.upload(name, begun.upload);
    if (state === 'sealed') return sentBytes;
    if (state === 'aborted') {
      const detail = refusal?.detail ?? `${piece.fileName} was not taken. Push it again.`;
      throw new Failure(knownCode(refusal?.code ?? '') ?? 'catalogue.upload-ended', detail);
    }
    if (Date.now() > end)
      throw new Failure(
        'platform.unavailable',
        `${piece.fileName} is still being hashed. Push it again later.`,
      );
    await pause(SEAL_POLL_MS, options.signal);
  }
}
