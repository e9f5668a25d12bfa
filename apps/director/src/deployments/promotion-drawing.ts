/**
 * Draws up a promotion: which flows follow the alias, the version that each would get, whether it passes its
 * checks with the new bytes, and the deployment to each group that it is assigned to.
 *
 * Guarantee: changes nothing, so that a plan and the act look at the same. References to anything else than the
 * alias mean what they meant when the flow was published: one promotion changes one thing.
 */
import { Injectable } from '@nestjs/common';
import { activeStates } from '@millrace/fleet';
import { Failure, type ProblemPlace, type PromotionCreate } from '@millrace/schemas';
import type { Principal } from '../access/principal.js';
import { AliasMoves, type HeldAlias } from '../catalogue/alias-moves.js';
import { CatalogueReader } from '../catalogue/catalogue.reader.js';
import { Publication, type DrawnUp, type Follower } from '../flows/publication.js';
import type { SqlTx } from '../platform/database/database.js';
import { AssignmentsStore, type AssignmentRow } from './assignments.store.js';
import { DeploymentsStore, type DeploymentRow } from './deployments.store.js';
import { planNodes, type Prepared } from './plan.js';
import { Planning } from './planning.js';

export interface DrawnFlow {
  flow: string;
  fromVersion: number;
  version: number;
  published: boolean;
  problems: ProblemPlace[];
  drawn: DrawnUp;
  deployments: { prepared: Prepared; fromVersion: number | null }[];
}

export interface Drawn {
  held: HeldAlias;
  version: number;
  digest: string;
  flows: DrawnFlow[];
}

/** Places that one refusal lists. */
const LISTED = 100;

@Injectable()
export class PromotionDrawing {
  constructor(
    private readonly aliases: AliasMoves,
    private readonly catalogue: CatalogueReader,
    private readonly publication: Publication,
    private readonly planning: Planning,
    private readonly assignments: AssignmentsStore,
    private readonly deployments: DeploymentsStore,
  ) {}

  /** With `hold` nobody else moves the alias or publishes these flows before the transaction ends. */
  async draw(tx: SqlTx, who: Principal, wanted: PromotionCreate, hold: boolean): Promise<Drawn> {
    const { resource, alias, version } = wanted;
    const held = await this.aliases.stand(tx, resource, alias, hold);
    await this.aliases.assertReady(tx, held.resource, version);
    const target = await this.catalogue.resolve(tx, resource, version, { hold });
    const followers = await this.publication.followers(tx, held.resource, alias, hold);
    const chosen = chosenOf(followers, wanted);
    const assignments = await this.assignments.all(tx);
    const ids = assignments.flatMap(({ current, settled }) => [current ?? '', settled ?? '']);
    const known = await this.deployments.several(tx, ids);
    const flows: DrawnFlow[] = [];
    for (const follower of chosen) {
      const mine = assignments.filter((one) => one.flow === follower.flow.name);
      flows.push(await this.drawFlow(tx, who, wanted, follower, mine, known, hold));
    }
    return { held, version, digest: target?.digest ?? '', flows };
  }

  private async drawFlow(
    tx: SqlTx,
    who: Principal,
    wanted: PromotionCreate,
    { flow, draft, meant }: Follower,
    assignments: readonly AssignmentRow[],
    known: ReadonlyMap<string, DeploymentRow>,
    hold: boolean,
  ): Promise<DrawnFlow> {
    const { resource, alias, version } = wanted;
    const as = new Map(meant).set(`${resource}@${alias}`, version);
    const note = wanted.note ?? `${resource}@${alias} is version ${version}`;
    const drawn = await this.publication.drawUp(tx, who, flow, draft, { hold, as, note });
    const settled = assignments.flatMap((one) => known.get(one.settled ?? '')?.version ?? []);
    const result: DrawnFlow = {
      flow: flow.name,
      fromVersion: settled.length > 0 ? Math.max(...settled) : flow.latest_version,
      version: drawn.row?.version ?? flow.latest_version + 1,
      published: drawn.isNew,
      problems: [...drawn.problems],
      drawn,
      deployments: [],
    };
    if (!drawn.row) return result;
    const { row } = drawn;
    const release = { ...row, resources: row.lock };
    const declared = row.document.parameters ?? {};
    for (const { group_id: group, current, settled: stood } of assignments) {
      const newest = known.get(current ?? '');
      const before = known.get(stood ?? '');
      const given = (newest && activeStates.includes(newest.state) ? newest : before)?.parameters ?? {};
      // A value for what this version does not ask for any more is left behind.
      const parameters = Object.fromEntries(
        Object.entries(given).filter(([name]) => Object.hasOwn(declared, name)),
      );
      const { strategy } = wanted;
      const body = { flow: row.flow, version: row.version, group, strategy, parameters };
      try {
        const prepared = await this.planning.prepare(tx, body, release);
        result.deployments.push({ prepared, fromVersion: before?.version ?? null });
        result.problems.push(...lacking(prepared));
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'deployments.parameters') throw error;
        result.problems.push(...error.errors);
      }
    }
    return result;
  }
}

function chosenOf(followers: readonly Follower[], { resource, alias, flows }: PromotionCreate): Follower[] {
  if (flows === undefined) return [...followers];
  const names = new Set(followers.map((one) => one.flow.name));
  const errors = flows.flatMap((flow, i) =>
    names.has(flow)
      ? []
      : [{ pointer: `/flows/${i}`, detail: `${flow} does not follow ${resource}@${alias}` }],
  );
  if (errors.length > 0) {
    throw new Failure(
      'deployments.promotion-refused',
      `${errors.map((error) => error.detail).join('; ')}. A flow follows an alias when the draft that was published last names it.`,
      { errors },
    );
  }
  return followers.filter((one) => flows.includes(one.flow.name));
}

/** Nodes that would have no value for a parameter, or one of the wrong type. */
function lacking(prepared: Prepared): ProblemPlace[] {
  return planNodes(prepared).nodes.flatMap(({ nodeName, conflicts }) =>
    conflicts
      .filter((what) => what.startsWith('parameter '))
      .map((what) => ({ code: 'deployments.parameters', detail: `node ${nodeName}: ${what}` })),
  );
}

/** One flow that cannot be brought along refuses all: half a promotion would leave the alias telling lies. */
export function assertFit({ held, version, flows }: Drawn): void {
  const errors = flows.flatMap(({ flow, problems }) =>
    problems.map((problem) => ({ ...problem, field: flow, detail: `${flow}: ${problem.detail}` })),
  );
  if (errors.length === 0) return;
  const said = errors.slice(0, 3).map((error) => error.detail);
  const more = errors.length > said.length ? ` And ${errors.length - said.length} more.` : '';
  throw new Failure(
    'deployments.promotion-refused',
    `${held.resource.name}@${version} cannot become ${held.alias}: ${said.join(' ')}${more} Mend these flows or the model, or promote for the others with flows.`,
    { errors: errors.slice(0, LISTED) },
  );
}
