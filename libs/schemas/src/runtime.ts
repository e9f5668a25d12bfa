/**
 * A runtime: what a model or script runs in, as a resource version that is one JSON file.
 *
 * Guarantee: the file names everything that is installed, by digest, so that two nodes that built it hold the same.
 * It says nothing about how it is built (libs/inference).
 */
import { z } from 'zod';

export const RuntimeLanguage = z.enum(['python', 'javascript', 'r', 'java', 'julia']);
export type RuntimeLanguage = z.infer<typeof RuntimeLanguage>;

/** A file that the catalogue holds as bytes without a version: a wheel, a jar. */
export const RuntimePackage = z.strictObject({
  /** As its installer wants it to be called; never a path. */
  file: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+!-]{0,254}$/, 'a file name without folders'),
  digest: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'a digest is sha256: and 64 lower-case hexadecimal digits'),
  size: z.number().int().min(1),
});
export type RuntimePackage = z.infer<typeof RuntimePackage>;

/** What one platform installs; system and processor as Node.js calls them. */
export const RuntimeVariant = z.strictObject({
  system: z.enum(['linux', 'darwin', 'win32']),
  processor: z.enum(['x64', 'arm64', 'arm']),
  /** In the words of the language's installer, with hashes: requirements of pip. */
  lock: z.string().max(1_000_000).optional(),
  /** Installed from these alone, without any network. Absent: from the index that the node is configured with. */
  packages: z.array(RuntimePackage).max(2_000).optional(),
});
export type RuntimeVariant = z.infer<typeof RuntimeVariant>;

export const RuntimeManifest = z
  .strictObject({
    apiVersion: z.literal('millrace/v1'),
    kind: z.literal('Runtime'),
    language: RuntimeLanguage,
    /** How the version of the node's interpreter begins: `3.11`. */
    interpreter: z.strictObject({ version: z.string().regex(/^\d+(\.\d+){0,2}$/, 'a version such as 3.11') }),
    variants: z.array(RuntimeVariant).min(1).max(32),
  })
  .meta({ id: 'RuntimeManifest' });
export type RuntimeManifest = z.infer<typeof RuntimeManifest>;
