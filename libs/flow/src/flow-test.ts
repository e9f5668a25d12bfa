/**
 * A flow test as data: reading its text, holding it to its flow, and what its words mean.
 *
 * Guarantee: a test without problems names only sources, modules and ports that the flow has, and every moment
 * and duration in it is a number of milliseconds. It runs nothing.
 */
import {
  FlowTest,
  type Expectation,
  type FlowDocument,
  type FlowTestCase,
  type FlowTestStep,
  type ProblemPlace,
} from '@millrace/schemas';
import { wireFrom } from './graph.js';
import { DEFAULT_PORT, ERROR_PORT, type Catalogue } from './kind.js';
import { didYouMean } from './nearest.js';
import { pointerOf, type Path } from './pointer.js';
import { findingsOf, placed } from './sentences.js';
import { plainProblem, readText, withLines, type LineOf } from './text.js';

export interface FlowTestReading {
  /** Absent when there are problems. */
  test?: FlowTest;
  problems: ProblemPlace[];
  lineOf: LineOf;
}

const CODE = 'flows.test-invalid';

export function readFlowTest(text: string): FlowTestReading {
  const { value, problems, lineOf } = readText(text);
  const broken = problems.length > 0 ? problems : [plainProblem(value) ?? []].flat();
  if (broken.length > 0) return { problems: withLines(broken, lineOf), lineOf };
  const parsed = FlowTest.safeParse(value);
  if (parsed.success) return { test: parsed.data, problems: [], lineOf };
  const found = findingsOf(FlowTest, value, parsed.error.issues, 'The test').map((finding) => ({
    code: CODE,
    ...placed(finding, []),
    detail: finding.detail.replace('The test know no', 'A test knows no'),
  }));
  return { problems: withLines(found, lineOf), lineOf };
}

/** Milliseconds since 1970; NaN for what is no moment. ISO without a zone is UTC, as in source.csv. */
export function momentOf(value: unknown): number {
  if (typeof value === 'number') return value;
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?(Z|[+-]\d\d:?\d\d)?$/.exec(
    String(value),
  );
  return match === null ? NaN : Date.parse(`${match[1]}T${match[2] ?? '00:00'}${match[3] ?? 'Z'}`);
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds; NaN for what is no duration. */
export function durationOf(value: number | string): number {
  if (typeof value === 'number') return value;
  const match = /^(\d+(?:\.\d+)?) ?(ms|s|m|h)$/.exec(value);
  return match === null ? NaN : Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
}

export type FedRecord = Record<string, unknown>;

/** What a step feeds, by source. A set of names with `file` and without `t` is a file. */
export function fedBy(step: Exclude<FlowTestStep, 'end'>): [source: string, fed: FedRecord | FedRecord[]][] {
  const { at: _at, wait: _wait, ...fed } = step;
  return Object.entries(fed as Record<string, FedRecord | FedRecord[]>);
}

export const isFedFile = (fed: FedRecord): fed is FedRecord & { file: string } =>
  typeof fed.file === 'string' && !('t' in fed);

/** Where what an expectation names is looked at: what reaches a sink or an act, else what leaves a port. */
export function watchedAt(
  name: string,
  document: FlowDocument,
  catalogue: Catalogue,
): { module: string; port: string | null } {
  const { from: module, port } = wireFrom(name);
  const category = catalogue.get(document.modules[module]?.type ?? '')?.category;
  const reaches = (category === 'sink' || category === 'act') && !name.includes('.');
  return { module, port: reaches ? null : port };
}

/** Everything in a test that its flow cannot meet. The flow itself has passed its checks. */
export function checkFlowTest(test: FlowTest, document: FlowDocument, catalogue: Catalogue): ProblemPlace[] {
  const found: ProblemPlace[] = [];
  const say = (path: Path, detail: string) => found.push({ code: CODE, pointer: pointerOf(path), detail });
  const names = new Set<string>();
  test.cases.forEach((one, i) => {
    if (names.has(one.name)) say(['cases', i, 'name'], `There are two cases "${one.name}". Rename one.`);
    names.add(one.name);
    checkCase(one, document, catalogue, (path, detail) => say(['cases', i, ...path], detail));
  });
  return found;
}

type Say = (path: Path, detail: string) => void;

function checkCase(one: FlowTestCase, document: FlowDocument, catalogue: Catalogue, say: Say): void {
  if (one.start !== undefined) checkMoment(one.start, ['start'], say);
  one.feed.forEach((step, i) => {
    const path = ['feed', i];
    if (step === 'end') {
      if (i < one.feed.length - 1)
        say([...path], 'Nothing can be fed after the end. Move `end` to the last step.');
    } else checkStep(step, document, catalogue, (below, detail) => say([...path, ...below], detail));
  });
  if (Object.keys(one.expect).length === 0)
    say(['expect'], 'The case expects nothing. Name a module, and what leaves it.');
  for (const [name, expectation] of Object.entries(one.expect)) {
    const problem = whereProblem(name, document, catalogue) ?? whatProblem(name, expectation);
    if (problem !== undefined) say(['expect', name], problem);
  }
}

function checkStep(
  step: Exclude<FlowTestStep, 'end'>,
  document: FlowDocument,
  catalogue: Catalogue,
  say: Say,
): void {
  const { at, wait } = step;
  if (at !== undefined) checkMoment(at, ['at'], say);
  if (wait !== undefined && !Number.isFinite(durationOf(wait)))
    say(
      ['wait'],
      `"${wait}" is no duration. Write milliseconds, or a number with ms, s, m or h, such as 5s.`,
    );
  const fed = fedBy(step);
  if (fed.length === 0 && at === undefined && wait === undefined)
    say([], 'The step does nothing. Write `SOURCE: { t: ..., FIELD: ... }`, `wait: 5s`, or `end`.');
  const sources = Object.keys(document.modules).filter((id) => isSource(document, catalogue, id));
  for (const [source, records] of fed) {
    if (!sources.includes(source)) {
      const what = Object.hasOwn(document.modules, source) ? 'is no source' : 'is no module of the flow';
      say(
        [source],
        `${source} ${what}.${didYouMean(source, sources)} Its sources are ${sources.join(', ')}.`,
      );
      continue;
    }
    const list = Array.isArray(records);
    [records].flat().forEach((record, k) => {
      if (record.t !== undefined) checkMoment(record.t, [source, ...(list ? [k] : []), 't'], say);
    });
  }
}

function checkMoment(value: unknown, path: Path, say: Say): void {
  if (Number.isFinite(momentOf(value))) return;
  say(
    path,
    `${JSON.stringify(value)} is no time. Write epoch milliseconds or ISO 8601, such as 2026-01-31T12:00:00Z.`,
  );
}

const isSource = (document: FlowDocument, catalogue: Catalogue, id: string): boolean =>
  catalogue.get(document.modules[id]?.type ?? '')?.category === 'source';

function whereProblem(name: string, document: FlowDocument, catalogue: Catalogue): string | undefined {
  const { module, port } = watchedAt(name, document, catalogue);
  const modules = Object.keys(document.modules);
  if (!modules.includes(module))
    return `${module} is no module of the flow.${didYouMean(module, modules)} Its modules are ${modules.join(', ')}.`;
  const { type, onError } = document.modules[module]!;
  const ports = [...(catalogue.get(type)?.outputs ?? []), ...(onError === 'port' ? [ERROR_PORT] : [])];
  if (port === null || ports.includes(port)) return undefined;
  const known = ports.map((one) => `${module}.${one}`).join(', ');
  return port === DEFAULT_PORT && !name.includes('.')
    ? `${module} has no port ${DEFAULT_PORT}. Name one of its ports: ${known}.`
    : `${module} has no port ${port}. ${known === '' ? 'Nothing leaves it.' : `It has ${known}.`}`;
}

function whatProblem(name: string, expectation: Expectation): string | undefined {
  if (Array.isArray(expectation)) return undefined;
  const { exactly: _exactly, tolerance: _tolerance, ...rest } = expectation;
  if (Object.keys(rest).length === 0)
    return `${name} expects nothing. Write records, count, none, dropped or counted.`;
  const counters = expectation.dropped ?? expectation.counted;
  if (counters !== undefined && name.includes('.'))
    return `Counters belong to the module and not to a port. Write them under ${wireFrom(name).from}.`;
  if (expectation.none === true && (expectation.records !== undefined || expectation.count !== undefined))
    return 'With none there are no records and no count. Leave one of them.';
  return undefined;
}
