/**
 * What changed from one flow to another, in the words of a flow.
 *
 * Guarantee: empty exactly when both have the same digest, but for the name. Positions on the canvas and
 * descriptions are no change. It compares what is written, before any parameter is put in, so it shows no
 * secret.
 */
import type { FlowDocument, FlowModule } from '@millrace/schemas';
import { canonicalize } from './canonical.js';
import { wireFrom } from './graph.js';
import { pointerOf, type Path } from './pointer.js';

export interface FlowChange {
  /** JSON pointer into the document. */
  pointer: string;
  /** Absent when the value is new. */
  before?: unknown;
  /** Absent when the value is gone. */
  after?: unknown;
}

export interface FlowDiff {
  added: string[];
  removed: string[];
  /** Modules that take their records from elsewhere, or in another order. */
  rewired: { module: string; before: string[]; after: string[] }[];
  /** Type, settings, onError and queue of modules that are in both. */
  changed: ({ module: string } & FlowChange)[];
  parameters: ({ name: string } & FlowChange)[];
}

export function diffFlows(before: FlowDocument, after: FlowDocument): FlowDiff {
  const ids = Object.keys(before.modules);
  const kept = ids.filter((id) => Object.hasOwn(after.modules, id));
  const pair = (id: string): [FlowModule, FlowModule] => [
    before.modules[id] as FlowModule,
    after.modules[id] as FlowModule,
  ];
  return {
    added: Object.keys(after.modules).filter((id) => !Object.hasOwn(before.modules, id)),
    removed: ids.filter((id) => !Object.hasOwn(after.modules, id)),
    rewired: kept.flatMap((module) => {
      const [a, b] = pair(module).map(wiresOf) as [string[], string[]];
      return a.join() === b.join() ? [] : [{ module, before: a, after: b }];
    }),
    changed: kept.flatMap((module) => {
      const [a, b] = pair(module).map(({ from: _from, ...rest }) => rest);
      return changes(a, b, ['modules', module]).map((change) => ({ module, ...change }));
    }),
    parameters: [
      ...new Set([...Object.keys(before.parameters ?? {}), ...Object.keys(after.parameters ?? {})]),
    ].flatMap((name) =>
      changes(shownParameter(before, name), shownParameter(after, name), ['parameters', name]).map(
        (change) => ({
          name,
          ...change,
        }),
      ),
    ),
  };
}

export function isSame(diff: FlowDiff): boolean {
  return Object.values(diff).every((part) => part.length === 0);
}

/** With the port written out, so that `a` and `a.out` are one wire. */
function wiresOf(module: FlowModule): string[] {
  return (module.from ?? []).map((text) => {
    const { from, port } = wireFrom(text);
    return `${from}.${port}`;
  });
}

/** A default of a secret is refused by the check; a draft that has one all the same does not show it. */
function shownParameter(document: FlowDocument, name: string): unknown {
  const parameters = document.parameters ?? {};
  const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (parameter?.type !== 'secret' || parameter.default === undefined) return parameter;
  return { ...parameter, default: '(secret)' };
}

function changes(before: unknown, after: unknown, path: Path): FlowChange[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ pointer: pointerOf(path), after }];
  if (after === undefined) return [{ pointer: pointerOf(path), before }];
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => changes(own(before, key), own(after, key), [...path, key]));
  }
  // Lists of one length are compared entry by entry; a list that grew or shrank changed as a whole.
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length)
    return before.flatMap((item, index) => changes(item, after[index], [...path, index]));
  return canonicalize(before) === canonicalize(after) ? [] : [{ pointer: pointerOf(path), before, after }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(record: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
