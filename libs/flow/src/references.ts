/**
 * References to resources in a flow, and their lock.
 *
 * A draft writes `resource:name@7` or `resource:name@production`. A version writes the locked form,
 * `resource:name@7#sha256:<64 hex digits>`: the reference alone says which bytes are meant. Any setting that
 * is a text of this form is a reference, however deep it lies.
 */
import {
  Failure,
  NAME,
  type FlowDocument,
  type FlowLock,
  type ProblemPlace,
  type ResourceLock,
} from '@millrace/schemas';
import { mapStrings, pointerOf } from './pointer.js';

export interface ResourceReference {
  name: string;
  /** A version from 1, or an alias. */
  selector: number | string;
  /** Of a locked reference. */
  digest?: string;
}

/** A reference and where it stands. */
export interface PlacedReference extends ResourceReference {
  module: string;
  pointer: string;
  /** As it is written, with `resource:`. */
  text: string;
}

const PREFIX = 'resource:';
const ALIAS = /^[a-zA-Z][a-zA-Z0-9._-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Undefined for a text that is no reference or a broken one; `isReference` tells the two apart. */
export function parseReference(text: string): ResourceReference | undefined {
  if (!isReference(text)) return undefined;
  const [reference, digest, more] = text.slice(PREFIX.length).split('#');
  const [name, selector, rest] = (reference as string).split('@');
  if (more !== undefined || rest !== undefined || name === undefined || selector === undefined)
    return undefined;
  if (!NAME.test(name) || (digest !== undefined && !DIGEST.test(digest))) return undefined;
  const number = /^[1-9]\d{0,8}$/.test(selector) ? Number(selector) : undefined;
  // Only a version can be locked, since an alias moves.
  if (number === undefined && (digest !== undefined || !ALIAS.test(selector))) return undefined;
  return { name, selector: number ?? selector, ...(digest === undefined ? {} : { digest }) };
}

export function isReference(text: string): boolean {
  return text.startsWith(PREFIX);
}

export function lockedReference(name: string, lock: Pick<ResourceLock, 'version' | 'digest'>): string {
  return `${PREFIX}${name}@${lock.version}#${lock.digest}`;
}

/** All references of the settings, in the document's order; broken ones are left to referenceProblems. */
export function resourceReferences(document: Pick<FlowDocument, 'modules'>): PlacedReference[] {
  const found: PlacedReference[] = [];
  eachReference(document, (module, pointer, text) => {
    const reference = parseReference(text);
    if (reference !== undefined) found.push({ ...reference, module, pointer, text });
  });
  return found;
}

export function referenceProblems(document: Pick<FlowDocument, 'modules'>): ProblemPlace[] {
  const problems: ProblemPlace[] = [];
  eachReference(document, (module, pointer, text) => {
    if (parseReference(text) !== undefined) return;
    const detail =
      `"${text.slice(0, 80)}" names no resource. Write resource:name@version or resource:name@alias, ` +
      'such as resource:pump-model@3 or resource:pump-model@production.';
    problems.push({ code: 'flows.resource', module, pointer, detail });
  });
  return problems;
}

/**
 * Locks every reference to what `resolve` says it means now. Throws a Failure that names all references
 * which mean nothing, and locked ones whose digest is no longer theirs; the given document is not changed.
 */
export function lockResources(
  document: FlowDocument,
  resolve: (reference: ResourceReference) => ResourceLock | undefined,
): { document: FlowDocument; lock: FlowLock } {
  const lock: Record<string, ResourceLock> = {};
  const problems = referenceProblems(document);
  const modules = Object.entries(document.modules).map(([module, declaration]) => {
    if (declaration.settings === undefined) return [module, declaration];
    const settings = mapStrings(
      declaration.settings,
      (text, path) => {
        const reference = parseReference(text);
        if (reference === undefined) return text;
        const { name, selector, digest } = reference;
        const say = (detail: string): string => {
          problems.push({ code: 'flows.resource', module, pointer: pointerOf(path), detail });
          return text;
        };
        const found = resolve(reference);
        if (found === undefined)
          return say(
            `There is no resource ${name}@${selector}. Upload it, or name another version or alias.`,
          );
        if (digest !== undefined && digest !== found.digest)
          return say(`${name}@${selector} is locked to ${digest}, and its content is ${found.digest}.`);
        lock[keyOf(lock, name, found)] = { version: found.version, digest: found.digest, kind: found.kind };
        return lockedReference(name, found);
      },
      ['modules', module, 'settings'],
    );
    return [module, { ...declaration, settings }];
  });
  if (problems.length > 0)
    throw new Failure('flows.resource', problems.map((problem) => problem.detail).join(' '), {
      errors: problems,
    });
  return { document: { ...document, modules: Object.fromEntries(modules) }, lock };
}

/** Its name; the second and further versions of one resource in a flow stand under `name@version`. */
function keyOf(lock: FlowLock, name: string, found: ResourceLock): string {
  const other = lock[name];
  return other === undefined || other.version === found.version ? name : `${name}@${found.version}`;
}

function eachReference(
  document: Pick<FlowDocument, 'modules'>,
  visit: (module: string, pointer: string, text: string) => void,
): void {
  for (const [module, { settings }] of Object.entries(document.modules))
    mapStrings(
      settings,
      (text, path) => {
        if (isReference(text)) visit(module, pointerOf(path), text);
        return text;
      },
      ['modules', module, 'settings'],
    );
}
