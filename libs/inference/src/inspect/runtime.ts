/**
 * Reads the manifest of a runtime: what it runs in, and which packages it names. Its locks are left out, since
 * they are long and nobody asks an inspection for them.
 *
 * Guarantee: bounded bytes; a manifest that is not one is told of place by place, and is no failure here.
 */
import { RuntimeManifest, type Inspection, type Unsupported } from '@millrace/schemas';
import { limits } from './limits.js';
import type { ByteSource } from './source.js';

/** Whether the file says that it is one, near its beginning. */
export function beginsRuntime(head: Uint8Array): boolean {
  return /"kind"\s*:\s*"Runtime"/.test(Buffer.from(head).toString('latin1'));
}

export async function inspectRuntime(source: ByteSource): Promise<Partial<Inspection>> {
  if (source.size > limits.manifest) return unfit('', `it is longer than ${limits.manifest} bytes`);
  const text = Buffer.from(await source.read(0, source.size)).toString('utf8');
  let told: unknown;
  try {
    told = JSON.parse(text);
  } catch (error) {
    return unfit('', error instanceof Error ? error.message : String(error));
  }
  const { data, error } = RuntimeManifest.safeParse(told);
  if (data === undefined) {
    const unsupported = error.issues
      .slice(0, 20)
      .map(({ path, message }) => ({ place: `/${path.map(String).join('/')}`, reason: message }));
    return { unsupported };
  }
  const problems = runtimeProblems(data);
  if (problems.length > 0) return { unsupported: problems };
  const { language, interpreter, variants } = data;
  return {
    runtime: {
      language,
      interpreter: interpreter.version,
      variants: variants.map(({ system, processor, lock, packages = [] }) => ({
        system,
        processor,
        locked: lock !== undefined,
        packages,
      })),
    },
  };
}

/** What its shape alone does not say. */
function runtimeProblems({ language, interpreter, variants }: RuntimeManifest): Unsupported[] {
  const alone =
    language === 'javascript' ||
    language === 'julia' ||
    (language === 'python' && interpreter.version.startsWith('2'));
  return variants.flatMap(({ system, processor, lock, packages = [] }, i) => {
    const place = `/variants/${i}`;
    const other = variants.findIndex((one) => one.system === system && one.processor === processor);
    const files = packages.map(({ file }) => file);
    const twice = files.find((file, k) => files.indexOf(file) !== k);
    const reasons = [
      other < i && `there is a variant for ${system} ${processor} already`,
      twice !== undefined && `${twice} is named twice`,
      alone &&
        (lock !== undefined || files.length > 0) &&
        `a runtime of ${language} ${interpreter.version} has no packages`,
      language !== 'python' && lock !== undefined && 'only Python has a lock; name the packages',
      ...files
        .filter((file) => !endings[language].test(file))
        .map((file) => `${file} is no package of ${language}`),
      ...lockProblems(lock ?? ''),
    ];
    return reasons.filter((reason) => typeof reason === 'string').map((reason) => ({ place, reason }));
  });
}

const endings: Record<RuntimeManifest['language'], RegExp> = {
  python: /\.whl$/,
  java: /\.jar$/,
  r: /\.tar\.gz$/,
  javascript: /$/,
  julia: /$/,
};

/** Every line is a requirement with a hash: an option, an address or a path would say where to look. */
function lockProblems(lock: string): string[] {
  const lines = lock
    .replaceAll(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const wrong = lines.find((line) => !LOCKED.test(line));
  return wrong === undefined
    ? []
    : [`"${wrong.slice(0, 80)}" is no line of a lock: name==version --hash=sha256:...`];
}

const LOCKED =
  /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[A-Za-z0-9._, -]+\])?\s*==\s*[A-Za-z0-9.+!_-]+(?:\s*;[\w\s.'"<>=!()]+)?(?:\s+--hash=sha256:[0-9a-f]{64})+(?:\s+#.*)?$/;

const unfit = (place: string, reason: string) => ({ unsupported: [{ place, reason }] });
