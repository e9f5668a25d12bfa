/**
 * Reads a text, YAML or JSON, into plain values, and knows the lines where they stand.
 *
 * Guarantee: plain JSON values or problems that name the line; it never throws, and what it does is bounded by
 * the limits below. What the values mean is no business of it.
 */
import { LineCounter, isMap, isPair, isScalar, isSeq, parseDocument, type Document, type Node } from 'yaml';
import type { ProblemPlace } from '@millrace/schemas';
import { pathOf, pointerOf, type Path } from './pointer.js';

/** 4 MiB of text, 64 levels, 200,000 values: far above any flow of 2,000 modules, far below any harm. */
export const FLOW_LIMITS = { bytes: 4 * 1024 * 1024, depth: 64, values: 200_000, modules: 2_000 } as const;

/** The line of a JSON pointer into the text, from 1. */
export type LineOf = (pointer: string) => number | undefined;

export interface TextReading {
  /** Absent when there are problems. */
  value?: unknown;
  problems: ProblemPlace[];
  lineOf: LineOf;
}

export function readText(text: string): TextReading {
  const refused = (problem: ProblemPlace): TextReading => ({ problems: [problem], lineOf: () => undefined });
  // A character of a JavaScript string is at least one byte of UTF-8; the encoder is asked only when close.
  if (text.length > FLOW_LIMITS.bytes || new TextEncoder().encode(text).length > FLOW_LIMITS.bytes)
    return refused({
      code: 'flows.too-large',
      detail: 'A flow has at most 4 MiB of text. Move data and scripts out of it, into resources.',
    });
  if (nesting(text) > FLOW_LIMITS.depth) return refused(tooDeep());
  const lines = new LineCounter();
  let parsed: Document.Parsed;
  try {
    parsed = parseDocument(text, {
      lineCounter: lines,
      stringKeys: true,
      uniqueKeys: false, // the library compares each with each; duplicateNames takes one pass
      prettyErrors: false,
      schema: 'core',
    });
  } catch {
    return refused({ code: 'flows.unreadable', detail: 'The text is neither YAML nor JSON.' });
  }
  const at = (offset: number): number => lines.linePos(offset).line;
  const lineOf = (pointer: string): number | undefined => {
    const offset = offsetOf(parsed, pathOf(pointer));
    return offset === undefined ? undefined : at(offset);
  };
  const broken = parsed.errors.map(({ pos: [offset], message }) => ({
    offset,
    detail: `The text cannot be read here: ${message}.`,
  }));
  const wrong = broken.length > 0 ? broken : duplicateNames(parsed.contents);
  if (wrong.length > 0)
    return {
      lineOf,
      problems: wrong
        .slice(0, 20)
        .map(({ offset, detail }) => ({ code: 'flows.unreadable', line: at(offset), detail })),
    };
  let value: unknown;
  try {
    value = parsed.toJS({ maxAliasCount: 100 });
  } catch (error) {
    if (error instanceof RangeError) return refused(tooDeep());
    return refused({
      code: 'flows.too-large',
      detail: 'The aliases (*name) of the text stand for more than a flow may hold. Write the values out.',
    });
  }
  return { value, problems: [], lineOf };
}

/** Problems that have a pointer, with its line. */
export function withLines(problems: readonly ProblemPlace[], lineOf: LineOf): ProblemPlace[] {
  return problems.map((problem) => {
    const line = problem.line ?? lineOf(problem.pointer ?? '');
    return line === undefined ? problem : { ...problem, line };
  });
}

/** The first thing in a value that plain JSON cannot say, or that goes past a limit. */
export function plainProblem(value: unknown): ProblemPlace | undefined {
  let values = 0;
  const visit = (here: unknown, path: Path): ProblemPlace | undefined => {
    if (path.length > FLOW_LIMITS.depth) return tooDeep();
    if (++values > FLOW_LIMITS.values)
      return { code: 'flows.too-large', detail: `A flow holds at most ${FLOW_LIMITS.values} values.` };
    const refuse = (detail: string): ProblemPlace => ({
      code: 'flows.shape',
      pointer: pointerOf(path),
      detail,
    });
    if (typeof here === 'number' && !Number.isFinite(here))
      return refuse('A number in a flow is finite: NaN and infinity cannot be written in JSON.');
    if (here === null || typeof here === 'string' || typeof here === 'number' || typeof here === 'boolean')
      return;
    const list = Array.isArray(here);
    if (typeof here !== 'object' || (!list && Object.getPrototypeOf(here) !== Object.prototype))
      return refuse('Only texts, numbers, true, false, null, lists and names with values may stand here.');
    for (const [key, item] of Object.entries(here as object)) {
      if (key === '__proto__') return refuse('The name "__proto__" is not allowed. Choose another one.');
      const found = visit(item, [...path, list ? Number(key) : key]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return visit(value, []);
}

function tooDeep(): ProblemPlace {
  return { code: 'flows.too-large', detail: `A flow nests at most ${FLOW_LIMITS.depth} levels deep.` };
}

/**
 * How deep brackets nest outside of quotes, so that a text of a million brackets never
 * reaches the parser, which recurses. Block YAML nests by indentation and pays a line a level.
 */
function nesting(text: string): number {
  let depth = 0;
  let most = 0;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (quote !== '') {
      if (character === '\\' && quote === '"') at++;
      else if (character === quote || character === '\n') quote = '';
    } else if ((character === '"' || character === "'") && !/[^\s[{,:]/.test(text[at - 1] ?? ' '))
      quote = character;
    else if (character === '[' || character === '{') most = Math.max(most, ++depth);
    else if ((character === ']' || character === '}') && depth > 0) depth--;
  }
  return most;
}

/** Where a place of the document stands in its text: its name where it has one, else its value. */
function offsetOf(parsed: Document.Parsed, path: readonly string[]): number | undefined {
  let node: unknown = parsed.contents;
  let offset = (node as Node | null)?.range?.[0];
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === part,
      );
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}

/** Names that stand twice in one place; JSON and YAML both say that there are none. */
export function duplicateNames(node: unknown, depth = 0): { offset: number; detail: string }[] {
  // What nests deeper is refused below for its depth.
  if (depth > FLOW_LIMITS.depth) return [];
  if (isSeq(node)) return node.items.flatMap((item) => duplicateNames(item, depth + 1));
  if (!isMap(node)) return [];
  const names = new Set<string>();
  return node.items.flatMap(({ key, value }) => {
    const name = isScalar(key) ? String(key.value) : '';
    const twice = names.has(name);
    names.add(name);
    const detail = `The name ${JSON.stringify(name.slice(0, 80))} stands twice in one place. Remove or rename one of them.`;
    const offset = isScalar(key) ? (key.range?.[0] ?? 0) : 0;
    return [...(twice ? [{ offset, detail }] : []), ...duplicateNames(value, depth + 1)];
  });
}
