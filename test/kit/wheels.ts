/** Wheels and runtimes of Python for tests: small, pure, and made here, so that no index is asked. */
import { createHash } from 'node:crypto';
import type { RuntimeManifest, RuntimePackage } from '@millrace/schemas';
import { zip } from './packed.js';

export interface Wheel {
  file: string;
  bytes: Buffer;
  package: RuntimePackage;
}

/** A package of one file; importing `name` gives what the code says. */
export function wheel(name: string, version: string, code: string, requires: string[] = []): Wheel {
  const info = `${name}-${version}.dist-info`;
  const needs = requires.map((one) => `Requires-Dist: ${one}\n`).join('');
  const metadata = `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${needs}`;
  const tags = 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n';
  const files = { [`${name}.py`]: code, [`${info}/METADATA`]: metadata, [`${info}/WHEEL`]: tags };
  const record = [...Object.keys(files).map((path) => `${path},,`), `${info}/RECORD,,`].join('\n');
  const bytes = zip(
    Object.entries({ ...files, [`${info}/RECORD`]: record }).map(([path, content]) => ({
      name: path,
      content,
    })),
  );
  const file = `${name}-${version}-py3-none-any.whl`;
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  return { file, bytes, package: { file, digest, size: bytes.length } };
}

/** For this machine. Without `lock` it follows from the packages. */
export function pythonRuntime(
  version: string,
  variant: { packages?: RuntimePackage[]; lock?: string },
): RuntimeManifest {
  return {
    apiVersion: 'millrace/v1',
    kind: 'Runtime',
    language: 'python',
    interpreter: { version },
    variants: [{ system: process.platform as 'linux', processor: process.arch as 'x64', ...variant }],
  };
}
