/**
 * Is a draft fit to be published: its shape, its modules, and the resources that it names as they are now.
 *
 * Guarantee: no problems means that `locked` is there; a problem names the module, the place and the way out.
 * Changes nothing.
 */
import { Injectable } from '@nestjs/common';
import {
  checkFlow,
  lockResources,
  lockedReference,
  mapStrings,
  resourceReferences,
  type PlacedReference,
} from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import {
  Failure,
  type FlowDocument,
  type FlowLock,
  type LockedResource,
  type ProblemPlace,
} from '@millrace/schemas';
import { CatalogueReader, type ResolvedResource } from '../catalogue/catalogue.reader.js';
import type { SqlTx } from '../platform/database/database.js';
import type { DraftReading } from './draft.js';
import { FlowRequirements } from './requirements.js';

export interface Checked {
  problems: ProblemPlace[];
  locked?: Locked;
}

export interface Locked {
  document: FlowDocument;
  lock: Record<string, LockedResource>;
  /** The same as rows: a resource by its id. */
  resources: { resource: string; version: number }[];
}

export interface How {
  /** What it is locked to cannot be deleted before the transaction ends. */
  hold?: boolean;
  /** Versions that references mean, by `name@selector`; all others mean what they mean now. */
  as?: ReadonlyMap<string, number>;
}

/** By reference without its digest: `name@selector`. */
type Resolved = ReadonlyMap<string, ResolvedResource>;

@Injectable()
export class FlowChecks {
  constructor(
    private readonly catalogue: CatalogueReader,
    private readonly requirements: FlowRequirements,
  ) {}

  async check(tx: SqlTx, name: string, reading: DraftReading, how: How = {}): Promise<Checked> {
    if (!reading.flow) return { problems: reading.problems };
    const flow = await this.requirements.settled(tx, reading.flow);
    const references = resourceReferences(flow);
    const resolved = await this.resolve(tx, references, how);
    const problems = [
      ...nameProblems(flow, name),
      ...checkFlow(flow, kinds, { contracts: contractsOf(references, resolved) }),
      ...references.flatMap((reference) => resourceProblems(reference, resolved)),
    ];
    if (problems.length > 0) return { problems: problems.map((problem) => withLine(problem, reading)) };
    return { problems: [], locked: lockedOf(flow, resolved) };
  }

  /** Locks what can be locked and leaves the rest as it is written: for comparing. */
  async lockWhatCan(tx: SqlTx, flow: FlowDocument): Promise<FlowDocument> {
    const references = resourceReferences(flow);
    const resolved = await this.resolve(tx, references, {});
    const texts = new Map(
      references.flatMap((reference) => {
        const found = resolved.get(keyOf(reference));
        return found ? [[reference.text, lockedReference(found.name, found)] as const] : [];
      }),
    );
    const modules = Object.entries(flow.modules).map(([id, module]) => [
      id,
      module.settings === undefined
        ? module
        : { ...module, settings: mapStrings(module.settings, (text) => texts.get(text) ?? text) },
    ]);
    return { ...flow, modules: Object.fromEntries(modules) as FlowDocument['modules'] };
  }

  private async resolve(
    tx: SqlTx,
    references: readonly PlacedReference[],
    { hold = false, as }: How,
  ): Promise<Resolved> {
    const resolved = new Map<string, ResolvedResource>();
    const wanted = new Map(references.map((reference) => [keyOf(reference), reference]));
    for (const [key, { name, selector }] of wanted) {
      const found = await this.catalogue.resolve(tx, name, as?.get(key) ?? selector, { hold });
      if (found) resolved.set(key, found);
    }
    return resolved;
  }
}

const keyOf = ({ name, selector }: Pick<PlacedReference, 'name' | 'selector'>): string =>
  `${name}@${selector}`;

function contractsOf(references: readonly PlacedReference[], resolved: Resolved) {
  const byText = new Map(
    references.map((reference) => [reference.text, resolved.get(keyOf(reference))?.contract ?? undefined]),
  );
  return (text: string) => byText.get(text);
}

function nameProblems(flow: FlowDocument, name: string): ProblemPlace[] {
  if (flow.metadata.name === name) return [];
  return [
    {
      code: 'flows.shape',
      pointer: '/metadata/name',
      detail: `The document is called ${flow.metadata.name} and the flow ${name}. Write ${name} here, or save it as a draft of ${flow.metadata.name}.`,
    },
  ];
}

function resourceProblems(reference: PlacedReference, resolved: Resolved): ProblemPlace[] {
  const { module, pointer, digest } = reference;
  const key = keyOf(reference);
  const say = (detail: string): ProblemPlace[] => [{ code: 'flows.resource', module, pointer, detail }];
  const found = resolved.get(key);
  if (!found) return say(`There is no resource ${key}. Upload it, or name another version or alias.`);
  const version = `${found.name}@${found.version}`;
  if (found.state === 'sealing')
    return say(`${version} is still being looked at. Publish again when it is ready.`);
  if (found.state === 'refused')
    return say(`${version} was refused and cannot be used. GET its version to see why, or name another one.`);
  if (digest !== undefined && digest !== found.digest)
    return say(`${version} is locked to ${digest} here, and its content is ${found.digest}.`);
  return [];
}

function lockedOf(flow: FlowDocument, resolved: Resolved): Locked {
  const locked = lockResources(flow, (reference) => resolved.get(keyOf(reference)));
  const byVersion = new Map(
    [...resolved.values()].map((found) => [`${found.name}@${found.version}`, found] as const),
  );
  return {
    document: locked.document,
    lock: lockWithSizes(locked.lock, byVersion),
    resources: [...byVersion.values()].map(({ resource, version }) => ({ resource, version })),
  };
}

function lockWithSizes(
  lock: FlowLock,
  byVersion: ReadonlyMap<string, ResolvedResource>,
): Record<string, LockedResource> {
  return Object.fromEntries(
    Object.entries(lock).map(([key, { kind, version, digest }]) => {
      const found = byVersion.get(`${key.split('@')[0]}@${version}`);
      if (!found) throw new Error(`${key} was locked and not resolved`);
      const { size, fileName: file, contractBlob: contract } = found;
      return [key, { kind, version, digest, size, file, ...(contract && { contract }) }];
    }),
  );
}

function withLine(problem: ProblemPlace, reading: DraftReading): ProblemPlace {
  if (problem.line !== undefined || problem.pointer === undefined) return problem;
  const line = reading.lineOf(problem.pointer);
  return line === undefined ? problem : { ...problem, line };
}

/** The first sentences of the problems, for a detail that is read alone. */
export function invalidFlow(
  name: string,
  problems: readonly ProblemPlace[],
  done: 'published' | 'tested' | 'prepared' = 'published',
): Failure {
  const shown = problems.slice(0, 3).map(({ module, detail }) => (module ? `${module}: ${detail}` : detail));
  const more = problems.length > shown.length ? ` And ${problems.length - shown.length} more.` : '';
  return new Failure('flows.invalid', `${name} cannot be ${done}. ${shown.join(' ')}${more}`, {
    errors: problems.slice(0, ERRORS_TOLD),
  });
}

/** A flow of 2,000 modules may have every one of them wrong; nobody reads past this. */
const ERRORS_TOLD = 500;
