/** How a flow stands over all its nodes, as one word. Pure. */
import type { FlowOverview } from '@millrace/schemas';
import type { Standing } from '../ui/state.js';

type Health = Pick<
  FlowOverview,
  'latestVersion' | 'nodesDesired' | 'nodesRunning' | 'nodesFailing' | 'nodesOffline'
>;

export function healthOf(flow: Health): { word: string; is: Standing } {
  const { latestVersion, nodesDesired, nodesRunning, nodesFailing, nodesOffline } = flow;
  if (nodesFailing > 0) return { word: `failing on ${nodesFailing} of ${nodesDesired}`, is: 'broken' };
  if (nodesDesired === 0) return { word: latestVersion === null ? 'a draft' : 'not deployed', is: 'off' };
  const said = `runs on ${nodesRunning} of ${nodesDesired}`;
  if (nodesRunning === nodesDesired) return { word: said, is: 'good' };
  if (nodesOffline > 0) return { word: `${said}, ${nodesOffline} offline`, is: 'look' };
  return { word: said, is: 'busy' };
}
