/**
 * The checkout as text, for the guards: every file that people wrote, and what each imports.
 *
 * Reads the folders, not git: a guard holds in an unpacked archive too. Statements are found by their form, which
 * prettier keeps: a static import or export begins a line. What a machine wrote (builds, packages) is not seen.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';

/** Paths from the root of the checkout, with their text. */
export type Sources = ReadonlyMap<string, string>;

export interface Import {
  from: string;
  /** Gone after compiling: `import type`, or nothing but `type` names. */
  typeOnly: boolean;
}

export const root = fileURLToPath(new URL('../../', import.meta.url));

const FOREIGN = /(^|\/)(node_modules|dist|coverage|generated|\.git|\.millrace|\.bench|tmp)$/;

/** Every path below the root whose name fits; folders that begin with a dot are seen as well. */
export function pathsOf(fits: RegExp): string[] {
  const walk = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return FOREIGN.test(path) ? [] : walk(path);
      return entry.isFile() && fits.test(path) ? [path] : [];
    });
  return walk('.').toSorted();
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export function textsOf(fits: RegExp): Sources {
  return new Map(pathsOf(fits).map((path) => [path, read(path)]));
}

/** All code of the workspaces, the tests and the scripts. */
export const code = (): Sources => textsOf(/^(libs|apps|test|scripts|examples)\/.*\.(tsx?|mts|mjs|js)$/);

/** Not part of a package: tests, what they share, and suites that several implementations pass. */
export const isTest = (path: string): boolean =>
  /(\.test|\/conformance)\.ts$/.test(path) || path.startsWith('test/');

const STATEMENT = /^(import|export)\b(\s+type\b)?([^'";]*?\bfrom)?\s*'([^'\n]+)'/gm;
const DYNAMIC = /\bimport\(\s*'([^'\n]+)'\s*\)/g;

export function importsOf(text: string): Import[] {
  const fixed = [...text.matchAll(STATEMENT)].map(([, , type, names = '', from = '']) => ({
    from,
    typeOnly: type !== undefined || onlyTypes(names),
  }));
  const later = [...text.matchAll(DYNAMIC)].map(([, from = '']) => ({ from, typeOnly: false }));
  return [...fixed, ...later];
}

/** `{ type A, type B } from`. */
function onlyTypes(names: string): boolean {
  const inside =
    /^\s*\{([^}]*)\}/
      .exec(names)?.[1]
      ?.split(',')
      .map((name) => name.trim()) ?? [];
  const named = inside.filter((name) => name !== '');
  return named.length > 0 && named.every((name) => name.startsWith('type '));
}

/** The file that a relative import means, or undefined. */
export function target(importer: string, from: string, sources: Sources): string | undefined {
  if (!from.startsWith('.')) return undefined;
  const path = join(dirname(importer), from);
  return [
    path,
    path.replace(/\.js$/, '.ts'),
    path.replace(/\.js$/, '.tsx'),
    path.replace(/\.mjs$/, '.mts'),
  ].find((one) => sources.has(one));
}

/** The package of an import: `@nestjs/common` of `@nestjs/common/x`; undefined for files and Node.js itself. */
export function packageOf(from: string): string | undefined {
  if (from.startsWith('.') || from.startsWith('/') || from.startsWith('node:')) return undefined;
  return from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
}
