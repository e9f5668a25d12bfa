/**
 * Watching a deployment until it has ended.
 *
 * Guarantee: the director's own word decides; on a terminal one line is kept up to date, elsewhere a line is
 * said when something changed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@millrace/client';
import { Failure, type Deployment, type DeploymentState } from '@millrace/schemas';
import type { View } from '../output/format.js';
import { progress } from '../output/progress.js';
import { talk } from '../output/talk.js';
import { timeOf } from '../output/time.js';

export const deploymentView: View<Deployment> = {
  name: ({ id }) => id,
  columns: {
    id: ({ id }) => id,
    flow: ({ flow, version }) => `${flow}@${version}`,
    group: ({ groupName }) => groupName,
    state: ({ state }) => state,
    nodes: ({ targets }) => `${targets.succeeded} of ${targets.total}`,
    created: ({ createdAt }) => timeOf(createdAt),
    says: ({ says }) => says,
  },
};

const POLL_MS = 1_000;
const under: readonly DeploymentState[] = ['rolling', 'soaking'];

/** Resolves when it has succeeded; a Failure says how it ended, or that it is paused and waits for a person. */
export async function waitFor({ deployments }: Client, id: string): Promise<Deployment> {
  const line = progress();
  let said = '';
  try {
    for (;;) {
      const now = await deployments.get(id);
      const { succeeded, failed, working, waiting, offline, total } = now.targets;
      const counts = `${succeeded} of ${total} run it, ${working} at work, ${waiting} waiting, ${offline} offline, ${failed} failed`;
      line.show(`wave ${now.wave} of ${now.waves}, ${now.state}: ${counts}`);
      if (!process.stderr.isTTY && now.says !== said) talk(now.says);
      said = now.says;
      if (!under.includes(now.state)) return ended(now);
      await pause(POLL_MS);
    }
  } finally {
    line.end();
  }
}

function ended(deployment: Deployment): Deployment {
  const { state, says, id } = deployment;
  talk(`${state}: ${says}`);
  if (state === 'succeeded') return deployment;
  // Offline nodes neither block nor count as success; the line above names them.
  if (state === 'partial' && deployment.targets.failed === 0) return deployment;
  throw new Failure(
    'deployments.not-succeeded',
    `The deployment ${id} is ${state}: ${says} \`millrace deployment show ${id}\` tells what became of each node.`,
  );
}
