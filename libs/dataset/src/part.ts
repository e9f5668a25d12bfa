/**
 * The part of a flow that makes the rows of one module: that module, what leads to it, and no more.
 *
 * Guarantee: a document that ends where it was asked to, or a Failure that names what there is instead.
 */
import { didYouMean, reachable, wireFrom, type ModuleKind } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import { Failure, type FlowDocument } from '@millrace/schemas';

export interface Part {
  document: FlowDocument;
  module: string;
  /** Null: what reaches the module, which itself is not made. */
  port: number | null;
  /** What a model is given, in its order; null for every field that there is. */
  fields: string[] | null;
  /** The field by which what leads here keeps its sensors or machines apart. */
  key: string | undefined;
}

/** @param until `module`, or `module.port` for what leaves a port of it */
export function partUntil(document: FlowDocument, until: string): Part {
  const { from: module, port } = wireFrom(until);
  const settings = document.modules[module];
  if (settings === undefined || !Object.hasOwn(document.modules, module)) {
    const known = Object.keys(document.modules);
    throw new Failure(
      'flows.until',
      `${until}: ${module} is no module of the flow.${didYouMean(module, known)} Its modules are ${known.join(', ')}.`,
    );
  }
  const kind = kinds.get(settings.type);
  if (kind === undefined)
    throw new Failure('flows.until', `${until}: there is no module type ${settings.type}.`);
  const up = reachable(document, [module], 'up');
  const modules = Object.fromEntries(Object.entries(document.modules).filter(([id]) => up.has(id)));
  const reaches = !until.includes('.') && ['model', 'sink', 'act'].includes(kind.category);
  return {
    document: { ...document, modules },
    module,
    port: reaches ? null : portOf(kind, until, port),
    fields: reaches && kind.category === 'model' ? fieldsOf(kind, settings.settings) : null,
    key: keyBefore(document, module),
  };
}

function portOf(kind: ModuleKind, until: string, port: string): number {
  const index = kind.outputs.indexOf(port);
  if (index >= 0) return index;
  const ports = kind.outputs.map((one) => `${until.split('.')[0]}.${one}`);
  throw new Failure('flows.until', `${until}: there is no port ${port}. Name one of ${ports.join(', ')}.`);
}

function fieldsOf(kind: ModuleKind, settings: unknown): string[] | null {
  const reads = kind.reads?.(kind.settings.parse(settings ?? {}));
  return reads === undefined ? null : [...new Set(reads.map(({ field }) => field))];
}

/** The nearest `keyBy` on the way up. */
function keyBefore({ modules }: FlowDocument, module: string): string | undefined {
  const waiting = [module];
  const seen = new Set<string>();
  for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
    if (seen.has(id)) continue;
    seen.add(id);
    const { keyBy } = (modules[id]?.settings ?? {}) as { keyBy?: unknown };
    if (typeof keyBy === 'string') return keyBy;
    waiting.push(...(modules[id]?.from ?? []).map((wire) => wireFrom(wire).from));
  }
  return undefined;
}
