/**
 * The declaration of a flow module: its settings, ports and docs, and what can be said about it before it
 * runs.
 *
 * Guarantee: one declaration gives the check, the form in the studio and the page in the docs, and is safe
 * in a browser: no input or output, no clock, nothing that runs a record. The behaviour lies elsewhere.
 */
import { z } from 'zod';
import type { Contract, ProblemPlace } from '@millrace/schemas';
import type { Columns, ColumnType } from './columns.js';

export type ModuleCategory =
  'source' | 'clean' | 'map' | 'scale' | 'align' | 'feature' | 'model' | 'route' | 'act' | 'sink' | 'debug';

/** The port that a wire without a port means. */
export const DEFAULT_PORT = 'out';
/** The port that `onError: port` adds to any module. Never listed in `outputs`. */
export const ERROR_PORT = 'error';

/** The contract of a resource by the reference that the settings wrote; undefined when it is not known. */
export type Contracts = (reference: string) => Contract | undefined;

/** A field that the module reads from what arrives. */
export interface FieldRead {
  /** JSON pointer into the settings, such as `/field` or `/columns/2/name`. */
  pointer: string;
  field: string;
  /** What the field may be; any type when absent. A field of unknown type is always allowed. */
  types?: readonly ColumnType[];
  /** True when the module goes on without it, so that its absence is no problem. */
  optional?: boolean;
}

export interface SettingPlace {
  /** JSON pointer into the settings. */
  pointer: string;
}

/** What leaves each port, where ports differ. A port that is not named leaves anything. */
export interface PortColumns {
  ports: Readonly<Record<string, Columns>>;
}

export interface ModuleKind<S extends z.ZodObject = z.ZodObject> {
  /** `category.name`, such as `clean.range`. */
  type: string;
  category: ModuleCategory;
  title: string;
  /** One line. */
  summary: string;
  /** Markdown: what it does, its rules at the edges, the formula and where it comes from. */
  docs: string;
  /**
   * The settings. Every field has `.describe()`; defaults are allowed, since the engine parses settings with
   * this schema and nothing here crosses a border. `defineKind` makes the object itself refuse unknown
   * settings; write `z.strictObject` for the objects inside it.
   */
  settings: S;
  /**
   * `none` is a source. `one` takes exactly one wire. `many` takes one or more, and their records are
   * interleaved: right for whatever treats a record alone, so most modules.
   *
   * Any setting that is a text such as `resource:name@production` is a resource and needs no declaration.
   */
  inputs: 'none' | 'one' | 'many';
  /** Ports that records leave by: `[]` for a sink, `['out']`, `['out', 'late']`. Never `error`. */
  outputs: readonly string[];
  /** Settings that pass the check and can be run. */
  example: { settings: z.input<S>; note?: string };
  /** Sources only: whether two versions may read at the same time (a broker, a file), or not (a port). */
  sharing?: 'shared' | 'exclusive';
  /** Paths that the module writes; two writers on one path are a problem. */
  writesFile?(settings: z.output<S>): string[];
  /**
   * Expressions among the settings: each must parse, the fields that it reads must be there, and what it gives
   * must be of the type `gives`, where that is said.
   */
  expressions?(settings: z.output<S>): (SettingPlace & { source: string; gives?: ColumnType })[];
  /** Fields that the module reads: names and types are checked against what arrives. */
  reads?(settings: z.output<S>): FieldRead[];
  /**
   * What leaves, as far as the settings and what arrives tell: the same on every port, or by port. `inputs`
   * has one entry a wire, in the order of `from`, and is empty for a source. Without this, anything leaves.
   */
  columns?(settings: z.output<S>, inputs: readonly Columns[], contracts: Contracts): Columns | PortColumns;
  /**
   * What only this kind can know, such as a linear column of strings. Pointers are into the settings, and
   * `module` is filled in by the caller; `code` is `flows.setting-invalid` when absent.
   */
  check?(settings: z.output<S>, inputs: readonly Columns[], contracts: Contracts): ProblemPlace[];
}

/** Every kind that a flow may use, by type. */
export type Catalogue = ReadonlyMap<string, ModuleKind>;

/**
 * Declares a kind; `settings` gives the types of all that follows. Throws a plain error when the declaration
 * contradicts itself: that is a mistake of its author and not of a user.
 */
export function defineKind<S extends z.ZodObject>(kind: ModuleKind<S>): ModuleKind<S> {
  const [category, name, ...rest] = kind.type.split('.');
  if (category !== kind.category || !name || rest.length > 0)
    throw new Error(`${kind.type}: a type is its category, a dot and a name`);
  if ((kind.inputs === 'none') !== (kind.category === 'source'))
    throw new Error(`${kind.type}: sources, and only they, have no inputs`);
  if ((kind.sharing === undefined) !== (kind.category !== 'source'))
    throw new Error(`${kind.type}: sources, and only they, say how they are shared`);
  if (kind.outputs.includes(ERROR_PORT))
    throw new Error(`${kind.type}: the port ${ERROR_PORT} belongs to onError`);
  return { ...kind, settings: kind.settings.strict() as z.ZodObject as S };
}

/** Joins kinds to a catalogue; two kinds of one type are a mistake of their authors. */
export function catalogueOf(kinds: Iterable<ModuleKind>): Catalogue {
  const catalogue = new Map<string, ModuleKind>();
  for (const kind of kinds) {
    if (catalogue.has(kind.type)) throw new Error(`${kind.type} is declared twice`);
    catalogue.set(kind.type, kind);
  }
  return catalogue;
}
