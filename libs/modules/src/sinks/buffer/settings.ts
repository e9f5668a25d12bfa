/** The setting `buffer` of every sink that stores and forwards. Browser-safe. */
import { z } from 'zod';

export const Buffering = z
  .strictObject({
    maxBytes: z
      .number()
      .int()
      .min(64 * 1024)
      .default(256 * 1024 * 1024)
      .describe('Disk that the buffer may use, in bytes.'),
    maxAgeMs: z
      .number()
      .positive()
      .optional()
      .describe(
        'Messages that are older, in milliseconds, are dropped instead of sent. They are kept when absent.',
      ),
    full: z
      .enum(['dropOldest', 'reject'])
      .default('dropOldest')
      .describe('What gives way when it is full: the oldest eighth, or what is new.'),
    resend: z
      .enum(['inOrder', 'liveFirst'])
      .default('inOrder')
      .describe('What goes first when the other side is back: what waited, or what is new.'),
  })
  .describe('Store and forward on disk.');

export const usualBuffer: z.output<typeof Buffering> = {
  maxBytes: 256 * 1024 * 1024,
  full: 'dropOldest',
  resend: 'inOrder',
};
