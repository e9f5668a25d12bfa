/**
 * Promotions as they are shown, and watched until they have ended.
 *
 * Guarantee: the director's own word decides; what waits for a person is not waited for.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@millrace/client';
import { Failure, type Promotion, type PromotionDeployment, type PromotionPlan } from '@millrace/schemas';
import type { View } from '../output/format.js';
import { progress } from '../output/progress.js';
import { talk } from '../output/talk.js';
import { bytesOf, timeOf } from '../output/time.js';

export const promotionView: View<Promotion> = {
  name: ({ id }) => id,
  columns: {
    id: ({ id }) => id,
    resource: ({ resource, to }) => `${resource}@${to}`,
    alias: ({ alias }) => alias,
    before: ({ from }) => String(from ?? ''),
    state: ({ state }) => state,
    flows: ({ flows }) => String(flows.length),
    created: ({ createdAt }) => timeOf(createdAt),
    says: ({ says }) => says,
  },
};

export interface Part extends PromotionDeployment {
  flow: string;
  version: number;
}
export const partsOf = ({ flows }: Promotion): Part[] =>
  flows.flatMap(({ flow, version, deployments }) => deployments.map((one) => ({ ...one, flow, version })));

export const partView: View<Part> = {
  name: ({ id }) => id,
  columns: {
    flow: ({ flow, version }) => `${flow}@${version}`,
    before: ({ fromVersion }) => String(fromVersion ?? ''),
    group: ({ groupName }) => groupName,
    state: ({ state }) => state,
    nodes: ({ targets }) => `${targets.succeeded} of ${targets.total}`,
    deployment: ({ id }) => id,
    says: ({ says }) => says,
  },
};

interface PlannedPart {
  flow: string;
  version: number;
  before: number | null;
  group: string;
  waves: number[];
  bytes: number;
  conflicts: string[];
}

export const planView: View<PlannedPart> = {
  name: ({ flow, version }) => `${flow}@${version}`,
  columns: {
    flow: ({ flow, version }) => `${flow}@${version}`,
    before: ({ before }) => String(before ?? ''),
    group: ({ group }) => group,
    nodes: ({ waves }) => waves.join(' + '),
    'to fetch': ({ bytes }) => bytesOf(bytes),
    conflicts: ({ conflicts }) => conflicts.join('; '),
  },
};

/** A row a deployment; of a flow without one, a row that says so. */
export function plannedParts({ flows }: PromotionPlan): PlannedPart[] {
  return flows.flatMap(({ flow, version, fromVersion, problems, deployments }) => {
    const wrong = problems.map(({ module, detail }) => (module ? `${module}: ${detail}` : detail));
    const none = { flow, version, before: fromVersion, group: '', waves: [], bytes: 0, conflicts: wrong };
    if (deployments.length === 0) return [none];
    return deployments.map(({ groupName, fromVersion: before, waves, bytesToFetch, nodes }) => ({
      flow,
      version,
      before,
      group: groupName,
      waves,
      bytes: bytesToFetch,
      conflicts: [
        ...wrong,
        ...nodes.flatMap((node) => node.conflicts.map((what) => `${node.nodeName}: ${what}`)),
      ],
    }));
  });
}

const POLL_MS = 1_000;

/** Resolves when it has succeeded; a Failure says how it ended, or which person it waits for. */
export async function watchPromotion({ promotions }: Client, id: string): Promise<Promotion> {
  const line = progress();
  let said = '';
  try {
    for (;;) {
      const now = await promotions.get(id);
      const parts = partsOf(now);
      const sum = (of: (part: Part) => number) => parts.reduce((all, part) => all + of(part), 0);
      line.show(
        `${now.state}: ${sum(({ targets }) => targets.succeeded)} of ${sum(({ targets }) => targets.total)} flows on nodes, ${now.says}`,
      );
      if (!process.stderr.isTTY && now.says !== said) talk(now.says);
      said = now.says;
      if (!isUnderWay(now)) return ended(now);
      await pause(POLL_MS);
    }
  } finally {
    line.end();
  }
}

/** What is paused goes on only when somebody resumes it. */
const isUnderWay = (promotion: Promotion): boolean =>
  promotion.state === 'rolling' &&
  partsOf(promotion).some(({ state }) => state === 'rolling' || state === 'soaking');

function ended(promotion: Promotion): Promotion {
  const { id, state, says } = promotion;
  talk(`${state}: ${says}`);
  const failed = partsOf(promotion).some(({ targets }) => targets.failed > 0);
  // Offline nodes neither block nor count as success.
  if (state === 'succeeded' || (state === 'partial' && !failed)) return promotion;
  const hint =
    state === 'awaiting-approval'
      ? `Somebody else approves it: millrace promotion approve ${id}`
      : `\`millrace promotion show ${id}\` tells what became of each deployment, \`millrace promotion revert ${id}\` takes it back.`;
  throw new Failure(
    'deployments.not-succeeded',
    `The promotion ${id} is ${state}: ${says.replace(/[.\s]+$/, '')}. ${hint}`,
  );
}
