/**
 * What zod found wrong, as sentences for a person: what is needed, what is there, and the nearest word.
 *
 * It shows the values that it is given: give it none that is secret.
 */
import { z } from 'zod';
import { didYouMean } from './nearest.js';
import { pointerOf, valueAt, type Path } from './pointer.js';

export interface Finding {
  /** `type`: no value of this type may stand there; `value`: this one may not. */
  kind: 'unknown' | 'missing' | 'type' | 'value';
  path: Path;
  detail: string;
}

type Issue = z.core.$ZodIssue;

/** `whole` is how the sentence calls the checked value itself, such as `The settings of clean.range`. */
export function findingsOf(
  schema: z.ZodType,
  value: unknown,
  issues: readonly Issue[],
  whole: string,
): Finding[] {
  return issues.flatMap((issue) => findings(schema, value, issue, issue.path as Path, whole));
}

function findings(schema: z.ZodType, value: unknown, issue: Issue, path: Path, whole: string): Finding[] {
  const name = nameOf(path, whole);
  const here = valueAt(value, path);
  const shown = `${show(here)} is not`;
  const invalid = (detail: string, kind: Finding['kind'] = 'value'): Finding[] => [{ kind, path, detail }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownName(schema, [...path, key], whole));
    case 'invalid_type':
      if (here === undefined)
        return [
          { kind: 'missing', path, detail: `${name} is missing; it must be ${typeName(issue.expected)}.` },
        ];
      return invalid(`${name} must be ${typeName(issue.expected)}, and ${shown}.`, 'type');
    case 'invalid_value': {
      const allowed = issue.values.map(String);
      if (here === undefined)
        return [{ kind: 'missing', path, detail: `${name} is missing; it must be ${oneOf(allowed)}.` }];
      const guess = typeof here === 'string' ? didYouMean(here, allowed) : '';
      return invalid(`${name} must be ${oneOf(allowed)}, and ${shown}.${guess}`);
    }
    case 'too_small':
      return invalid(
        `${name} must ${bound(issue.origin, 'at least', 'more than', issue.minimum, issue.inclusive)}.`,
      );
    case 'too_big':
      return invalid(
        `${name} must ${bound(issue.origin, 'at most', 'less than', issue.maximum, issue.inclusive)}.`,
      );
    case 'not_multiple_of':
      return invalid(`${name} must be a multiple of ${issue.divisor}, and ${shown}.`);
    case 'invalid_union':
      return unionFindings(schema, value, issue, path, whole, name, shown);
    default:
      return invalid(`${name}: ${issue.message}.`.replace(/\.\.$/, '.'));
  }
}

function unknownName(schema: z.ZodType, path: Path, whole: string): Finding {
  const key = String(path.at(-1));
  const around = path.slice(0, -1);
  const known = keysAt(schema, around);
  const who = around.length === 0 ? `${whole} know` : `${nameOf(around, whole)} knows`;
  const hint = didYouMean(key, known) || ` There ${known.length === 1 ? 'is' : 'are'} ${some(known)}.`;
  return { kind: 'unknown', path, detail: `${who} no "${key}".${hint}` };
}

/**
 * Names inside a value that passed which its schema does not know. zod drops those of a plain object in
 * silence; a setting that is dropped is one that its writer believes in.
 */
export function unknownNames(schema: z.ZodType, value: unknown, whole: string): Finding[] {
  const visit = (here: unknown, ways: readonly z.core.$ZodType[], path: Path): Finding[] => {
    if (typeof here !== 'object' || here === null || ways.length === 0) return [];
    const closed = ways.every((way) => !(way instanceof z.ZodObject) || way.def.catchall === undefined);
    const known = ways.flatMap((way) => (way instanceof z.ZodObject ? Object.keys(way.shape) : []));
    const only = closed && known.length > 0 && ways.every((way) => way instanceof z.ZodObject || isFlat(way));
    return Object.entries(here).flatMap(([name, item]) => {
      const part = Array.isArray(here) ? Number(name) : name;
      if (only && !Array.isArray(here) && !known.includes(name))
        return [unknownName(schema, [...path, part], whole)];
      return visit(
        item,
        ways.flatMap((way) => bare(childOf(way, part))),
        [...path, part],
      );
    });
  };
  return visit(value, bare(schema), []);
}

/** A schema that no object passes, so that a name inside an object is not its business. */
function isFlat(schema: z.core.$ZodType): boolean {
  return ['string', 'number', 'boolean', 'null', 'literal', 'enum', 'array', 'tuple', 'undefined'].includes(
    schema._zod.def.type,
  );
}

/** Of the ways that a value may be, the one that it comes nearest to is told; else all of them are named. */
function unionFindings(
  schema: z.ZodType,
  value: unknown,
  issue: Issue & { code: 'invalid_union' },
  path: Path,
  whole: string,
  name: string,
  shown: string,
): Finding[] {
  const ways = (issue as { errors?: Issue[][] }).errors ?? [];
  // A word is no near miss of a set of names, and so no help to whoever wrote one.
  const composed = typeof valueAt(value, path) === 'object';
  const misses = (code?: string) => code === 'invalid_type' || (composed && code === 'invalid_value');
  const near = ways
    .filter((way) => !way.some((inner) => misses(inner.code) && inner.path.length === 0))
    .toSorted((a, b) => a.length - b.length)[0];
  if (near !== undefined)
    return near.flatMap((inner) => findings(schema, value, inner, [...path, ...(inner.path as Path)], whole));
  const types = new Set(
    ways.flat().flatMap((inner) => ('expected' in inner ? [typeName(String(inner.expected))] : [])),
  );
  if (valueAt(value, path) === undefined) {
    const wanted = types.size === 0 ? '' : `; it must be ${[...types].join(' or ')}`;
    return [{ kind: 'missing', path, detail: `${name} is missing${wanted}.` }];
  }
  const wanted = types.size === 0 ? 'in one of its forms' : [...types].join(' or ');
  return [{ kind: 'type', path, detail: `${name} must be ${wanted}, and ${shown}.` }];
}

function bound(
  origin: string,
  least: string,
  more: string,
  limit: number | bigint,
  inclusive = true,
): string {
  const amount = `${inclusive ? least : more} ${limit}`;
  if (origin === 'string') return `have ${amount} ${Number(limit) === 1 ? 'character' : 'characters'}`;
  if (origin === 'array' || origin === 'set')
    return `have ${amount} ${Number(limit) === 1 ? 'entry' : 'entries'}`;
  if (origin === 'object' || origin === 'map')
    return `have ${amount} ${Number(limit) === 1 ? 'name' : 'names'}`;
  return `be ${amount}`;
}

const TYPES: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a set of names and values',
  record: 'a set of names and values',
  null: 'null',
  nan: 'NaN',
};

function typeName(expected: string): string {
  return TYPES[expected] ?? expected;
}

function nameOf(path: Path, whole: string): string {
  if (path.length === 0) return whole;
  const text = path.reduce<string>(
    (before, part) =>
      typeof part === 'number' ? `${before}[${part}]` : before === '' ? part : `${before}.${part}`,
    '',
  );
  return `"${text}"`;
}

/** A value in a sentence: short, and never more than a line. */
function show(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a set of names and values';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}..."` : text;
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? `${values[0]}` : `one of ${values.join(', ')}`;
}

function some(names: readonly string[]): string {
  if (names.length === 0) return 'none at all';
  return names.slice(0, 20).join(', ') + (names.length > 20 ? ' and more' : '');
}

/** The names that a schema knows at a place, over all the ways that the place may be. */
export function keysAt(schema: z.ZodType, path: Path): string[] {
  let here = bare(schema);
  for (const part of path) here = here.flatMap((way) => bare(childOf(way, part)));
  return [...new Set(here.flatMap((way) => (way instanceof z.ZodObject ? Object.keys(way.shape) : [])))];
}

function childOf(schema: z.core.$ZodType, part: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject)
    return Object.hasOwn(schema.shape, part) ? (schema.shape[part] as z.ZodType) : undefined;
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodTuple) return schema.def.items[Number(part)];
  return undefined;
}

/** A schema without its wrappers, one entry a way. */
function bare(schema: z.core.$ZodType | undefined): z.core.$ZodType[] {
  if (schema === undefined) return [];
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(bare);
  if (schema instanceof z.ZodIntersection) return [...bare(schema.def.left), ...bare(schema.def.right)];
  if (schema instanceof z.ZodPipe) return bare(schema.in);
  if (schema instanceof z.ZodLazy) return bare(schema.unwrap());
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodCatch ||
    schema instanceof z.ZodNonOptional
  )
    return bare(schema.unwrap());
  return [schema];
}

/** Findings as places of a document, below a place of it. */
export function placed(finding: Finding, base: Path): { pointer: string; detail: string } {
  return { pointer: pointerOf([...base, ...finding.path]), detail: finding.detail };
}
