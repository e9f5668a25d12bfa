/** Parameters of a deployment against what the flow declares. Pure. */
import { resolveParameters, type Values } from '@millrace/fleet';
import { Failure, type ProblemPlace } from '@millrace/schemas';
import type { Release } from './deployments.store.js';

/** Places that one problem lists. */
const LISTED = 10;

/** What the request itself names must be parameters of this version, of the right type. */
export function assertDeclared({ document }: Release, given: Values): void {
  const declared = document.parameters ?? {};
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(declared, name));
  const { wrong } = resolveParameters(declared, [given]);
  const errors: ProblemPlace[] = [
    ...unknown.map((name) => ({ pointer: `/parameters/${name}`, detail: 'the flow has no such parameter' })),
    ...wrong.map((detail) => ({ pointer: '/parameters', detail })),
  ];
  if (errors.length > 0) throw refused(errors);
}

/** After all layers: every node must have a value of the right type for every parameter. */
export function assertParameters(conflicts: readonly { nodeName: string; what: string }[]): void {
  const errors = conflicts
    .filter(({ what }) => what.startsWith('parameter '))
    .map(({ nodeName, what }) => ({ pointer: '/parameters', detail: `node ${nodeName}: ${what}` }));
  if (errors.length > 0) throw refused(errors);
}

export const valuesOf = (release: Release | undefined, layers: readonly Values[], own: Values): Values =>
  resolveParameters(release?.document.parameters ?? {}, [...layers, own]).values;

const refused = (errors: ProblemPlace[]): Failure =>
  new Failure(
    'deployments.parameters',
    `${errors
      .slice(0, 3)
      .map((error) => error.detail)
      .join('; ')}. Give them in the deployment, the group or the node.`,
    { errors: errors.slice(0, LISTED) },
  );
