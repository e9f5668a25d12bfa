/**
 * What a deployment would do, node by node. Pure: it gets everything that it looks at.
 */
import { planWaves, nodeSubject, resolveParameters, type FullStrategy, type Values } from '@millrace/fleet';
import type { NodeFacts, Plan, PlannedNode, RuntimeInspection } from '@millrace/schemas';
import type { PublishedFlow } from '../flows/flows.reader.js';
import type { Release } from './deployments.store.js';

/** What a plan or a deployment is made of. */
export interface Prepared {
  release: PublishedFlow;
  group: { id: string; name: string; selector: string | null };
  strategy: FullStrategy;
  parameters: Values;
  nodes: PlanNode[];
  /** What its runtimes need, by digest. */
  runtimes: ReadonlyMap<string, RuntimeInspection>;
}

export interface PlanNode {
  id: string;
  name: string;
  online: boolean;
  labels: Record<string, string>;
  facts: Record<string, unknown> | null;
  /** Values of its group and of itself, the weaker first. */
  layers: Values[];
  /** What it runs of the flow, as it has reported; its parameters where the director knows them. */
  now: { version: number | null; digest: string; parameters: Values | null } | null;
  /** Names of groups with a higher claim that give it the same flow. */
  overruledBy: string[];
}

export function planNodes({ release, parameters, strategy, nodes, runtimes }: Omit<Prepared, 'group'>): {
  waves: number[];
  nodes: PlannedNode[];
} {
  const waves = planWaves(
    strategy,
    nodes.map((node) => ({ node: node.id, online: node.online, ...nodeSubject(node, { name: node.name }) })),
  );
  const waveOf = new Map(waves.flatMap((wave, i) => wave.map((node) => [node, i + 1] as const)));
  const planned = nodes.map((node): PlannedNode => {
    const declared = release.document.parameters ?? {};
    const { missing, wrong, values } = resolveParameters(declared, [...node.layers, parameters]);
    const bytesToFetch = sumOf(missingOf(release, node, runtimes).values());
    return {
      node: node.id,
      nodeName: node.name,
      wave: waveOf.get(node.id) ?? waves.length,
      online: node.online,
      change: changeOf(node.now, release.digest, values),
      fromVersion: node.now?.version ?? null,
      bytesToFetch,
      conflicts: [
        ...missing.map((name) => `parameter ${name} has no value`),
        ...wrong.map((what) => `parameter ${what}`),
        ...node.overruledBy.map((group) => `group ${group} has a higher priority for this flow`),
        ...missingRuntimes(release, node, runtimes),
        ...space(node, bytesToFetch),
      ],
    };
  });
  return { waves: waves.map((wave) => wave.length), nodes: planned };
}

const factsOf = ({ facts }: PlanNode) => facts as Partial<NodeFacts> | null;

/**
 * Size by digest of what the node has not reported to hold. A node that holds a runtime has built it, most likely, and
 * let go of its packages.
 */
export function missingOf(
  { resources }: Pick<Release, 'resources'>,
  node: PlanNode,
  runtimes: ReadonlyMap<string, RuntimeInspection>,
): Map<string, number> {
  const held = new Set(factsOf(node)?.blobs ?? []);
  const named = Object.values(resources).flatMap(({ digest, size, contract }) => [
    { digest, size },
    ...(contract ? [contract] : []),
    ...(held.has(digest) ? [] : (variantFor(runtimes.get(digest), node)?.packages ?? [])),
  ]);
  return new Map(named.flatMap(({ digest, size }) => (held.has(digest) ? [] : [[digest, size] as const])));
}

export const sumOf = (sizes: Iterable<number>): number => [...sizes].reduce((sum, size) => sum + size, 0);

/** As the API shows it. */
export function planOf(prepared: Prepared): Plan {
  const { release, group, strategy } = prepared;
  const planned = planNodes(prepared);
  return {
    flow: release.flow,
    version: release.version,
    digest: release.digest,
    group: group.id,
    strategy: strategy as Plan['strategy'],
    waves: planned.waves,
    bytesToFetch: sumOf(planned.nodes.map((node) => node.bytesToFetch)),
    offline: planned.nodes.filter((node) => !node.online).length,
    conflicts: planned.nodes.filter((node) => node.conflicts.length > 0).length,
    nodes: planned.nodes,
  };
}

const variantFor = (runtime: RuntimeInspection | undefined, node: PlanNode) =>
  runtime?.variants.find(
    ({ system, processor }) => system === factsOf(node)?.platform && processor === factsOf(node)?.arch,
  );

/** A sentence for each runtime that the node, as it has told of itself, cannot build. */
function missingRuntimes(
  { resources }: Release,
  node: PlanNode,
  runtimes: ReadonlyMap<string, RuntimeInspection>,
): string[] {
  const facts = factsOf(node);
  if (facts?.platform === undefined) return [];
  return Object.entries(resources).flatMap(([name, { digest }]) => {
    const runtime = runtimes.get(digest);
    if (runtime === undefined) return [];
    const { language, interpreter } = runtime;
    if (variantFor(runtime, node) === undefined)
      return [`runtime ${name} has no variant for ${facts.platform} ${facts.arch}`];
    const kind = language === 'python' && interpreter.startsWith('2') ? 'python2' : language;
    const here = facts.runtimes?.[kind === 'javascript' ? 'node' : kind];
    if (here !== undefined && `${here}.`.startsWith(`${interpreter}.`)) return [];
    return [`runtime ${name} needs ${language} ${interpreter}, and the node has ${here ?? 'none'}`];
  });
}

function changeOf(now: PlanNode['now'], digest: string, values: Values): PlannedNode['change'] {
  if (!now) return 'start';
  if (now.digest !== digest) return 'replace';
  const { parameters } = now;
  if (!parameters) return 'parameters';
  const names = new Set([...Object.keys(parameters), ...Object.keys(values)]);
  return [...names].every((name) => parameters[name] === values[name]) ? 'none' : 'parameters';
}

function space(node: PlanNode, bytes: number): string[] {
  const free = (node.facts as Partial<NodeFacts> | null)?.diskFreeBytes;
  return free !== undefined && bytes > free ? [`${bytes} bytes are to be fetched and ${free} are free`] : [];
}
