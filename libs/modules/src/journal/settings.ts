/** The setting `journal` of sources whose other side waits for an acknowledgement. Browser-safe. */
import { z } from 'zod';

export const Journaling = z
  .strictObject({
    maxBytes: z
      .number()
      .int()
      .min(1024 * 1024)
      .default(256 * 1024 * 1024)
      .describe('Disk that it may use, in bytes. What is older gives way, once the saved state has it.'),
  })
  .describe(
    'Writes what comes to disk before it is acknowledged, so that a kill or a power cut loses nothing. The same file ' +
      'is a recording that can be replayed.',
  );
