/**
 * Do the records that reach each module have what it reads: fields, their types, what a model's contract
 * asks for. Follows what is known about the records from the sources on.
 *
 * Guarantee: refuses only what is wrong for every record (columns.ts). Every expression is at least parsed.
 */
import type { FlowDocument, ProblemPlace } from '@millrace/schemas';
import {
  anyColumns,
  columnNamed,
  mergeColumns,
  withColumns,
  type Columns,
  type ColumnType,
} from '../columns.js';
import {
  checkExpression,
  childrenOf,
  ExpressionFailure,
  fieldsOf,
  parseExpression,
  type Expression,
} from '../expression/index.js';
import { findCycle, runOrder, wireFrom } from '../graph.js';
import { ERROR_PORT, type Contracts, type FieldRead } from '../kind.js';
import { didYouMean } from '../nearest.js';
import { pointerOf } from '../pointer.js';
import type { CheckedModule } from './settings.js';

/** What arrives at a module that is looked at, an entry a wire. */
export interface Arrival {
  id: string;
  module: CheckedModule;
  inputs: readonly Columns[];
  guessed: boolean;
}

export function columnProblems(
  document: FlowDocument,
  modules: ReadonlyMap<string, CheckedModule>,
  contracts: Contracts,
  guessed: ReadonlySet<string>,
): ProblemPlace[] {
  const problems: ProblemPlace[] = [];
  followColumns(document, modules, contracts, guessed, (arrival) =>
    problems.push(...arrivalProblems(arrival, contracts)),
  );
  return problems;
}

/** What leaves each module by each port; `look` is called at each on the way down. */
export function followColumns(
  document: FlowDocument,
  modules: ReadonlyMap<string, CheckedModule>,
  contracts: Contracts,
  /** Modules with a parameter that has no value yet: what they give is a guess, so nothing is built on it. */
  guessed: ReadonlySet<string>,
  look: (arrival: Arrival) => void,
): Map<string, ReadonlyMap<string, Columns>> {
  const leaving = new Map<string, ReadonlyMap<string, Columns>>();
  // Without an order nothing is known about what arrives, and all else is still checked.
  const order = findCycle(document) === undefined ? runOrder(document) : Object.keys(document.modules);
  for (const id of order) {
    const module = modules.get(id);
    if (module === undefined) continue;
    const inputs = (document.modules[id]?.from ?? []).map((text) => {
      const { from, port } = wireFrom(text);
      return leaving.get(from)?.get(port) ?? anyColumns;
    });
    look({ id, module, inputs, guessed: guessed.has(id) });
    leaving.set(id, columnsByPort(module, inputs, contracts, guessed.has(id)));
  }
  return leaving;
}

function columnsByPort(
  { kind, settings }: CheckedModule,
  inputs: readonly Columns[],
  contracts: Contracts,
  guessed: boolean,
): Map<string, Columns> {
  const given = kind.columns?.(settings, inputs, contracts) ?? anyColumns;
  const ports = new Map<string, Columns>();
  for (const port of kind.outputs) {
    const columns = 'ports' in given ? (given.ports[port] ?? anyColumns) : given;
    ports.set(port, guessed ? { fields: columns.fields, open: true } : columns);
  }
  ports.set(ERROR_PORT, withColumns({ ...mergeColumns(inputs), open: true }, { error: 'string' }));
  return ports;
}

/** What a module misses in what arrives at it. */
export function arrivalProblems(
  { id, module: { kind, settings }, inputs, guessed }: Arrival,
  contracts: Contracts,
): ProblemPlace[] {
  const base = pointerOf(['modules', id, 'settings']);
  const arriving = mergeColumns(inputs);
  const place = (problem: ProblemPlace): ProblemPlace => ({
    code: 'flows.setting-invalid',
    ...problem,
    module: id,
    pointer: base + (problem.pointer ?? ''),
  });
  const reads = (kind.reads?.(settings) ?? []).flatMap((read) => readProblems(read, arriving));
  const expressions = (kind.expressions?.(settings) ?? []).flatMap(({ pointer, source, gives }) =>
    // A parameter without a value still stands in the text, where no expression can have it.
    guessed && source.includes('${') ? [] : expressionProblems(pointer, source, gives, arriving),
  );
  // What a kind finds among settings is only as good as they are.
  const own = guessed ? [] : (kind.check?.(settings, inputs, contracts) ?? []);
  return [...reads, ...expressions, ...own].map(place);
}

function readProblems({ pointer, field, types, optional }: FieldRead, arriving: Columns): ProblemPlace[] {
  const say = (detail: string): ProblemPlace[] => [{ code: 'flows.columns-unmet', pointer, field, detail }];
  const column = typeOf(arriving, field);
  if (column === undefined) return optional === true ? [] : say(absent(field, arriving));
  if (types === undefined || column === 'unknown' || types.includes(column) || types.includes('unknown'))
    return [];
  return say(
    `"${field}" is a ${column} where it arrives, and a ${types.join(' or a ')} is needed. ` +
      (column === 'vector'
        ? 'Take a single value of the window first.'
        : 'Convert it with map.convert, or take another field.'),
  );
}

function expressionProblems(
  pointer: string,
  source: string,
  gives: ColumnType | undefined,
  arriving: Columns,
): ProblemPlace[] {
  const say = (detail: string, field?: string): ProblemPlace[] => [
    { code: 'flows.expression', pointer, detail, ...(field === undefined ? {} : { field }) },
  ];
  try {
    const expression = parseExpression(source);
    const type = checkExpression(expression, (field) => typeOf(arriving, field) ?? 'unknown');
    if (gives !== undefined && type !== 'unknown' && type !== gives)
      return say(`The expression gives a ${type}, and a ${gives} is needed here: ${shown(source)}`);
    const asked = askedFor(expression);
    return fieldsOf(expression)
      .filter((field) => !asked.has(field) && typeOf(arriving, field) === undefined)
      .flatMap((field) => say(absent(field, arriving), field));
  } catch (error) {
    if (!(error instanceof ExpressionFailure)) throw error;
    return say(`The expression is not valid at character ${error.at + 1}: ${error.reason}: ${shown(source)}`);
  }
}

/** Fields that the expression asks for with `has`, so that it knows they may be absent. */
function askedFor(expression: Expression): Set<string> {
  const found = new Set<string>();
  const visit = (part: Expression): void => {
    if (part.kind === 'call' && part.name === 'has')
      for (const field of part.args.flatMap(fieldsOf)) found.add(field);
    for (const child of childrenOf(part)) visit(child);
  };
  visit(expression);
  return found;
}

/** Undefined when no record can have the field. The timestamp is always there. */
function typeOf(arriving: Columns, field: string): ColumnType | undefined {
  return field === 't' ? 'number' : columnNamed(arriving, field)?.type;
}

function absent(field: string, arriving: Columns): string {
  const names = [...arriving.fields.keys()];
  const known =
    names.length === 0 ? 'no field' : names.slice(0, 10).join(', ') + (names.length > 10 ? ', ...' : '');
  return `No record that arrives has the field "${field}": there is ${known}.${didYouMean(field, names)}`;
}

function shown(source: string): string {
  return source.length > 120 ? `${source.slice(0, 117)}...` : source;
}
