/** What a node is: told at enrolment and with reports, so that groups and plans can ask for it. */
import { arch, cpus, hostname, platform, totalmem } from 'node:os';
import { freeBytes } from '@millrace/blobs';
import type { NodeFacts } from '@millrace/schemas';
import type { Runs } from './runs.js';

export const AGENT_VERSION = '0.1.0';
/** As many digests as the protocol carries. */
const MAX_BLOBS = 1000;

export async function nodeFacts(
  dataDir: string,
  blobs?: readonly string[],
  runs: Partial<Runs> = {},
): Promise<NodeFacts> {
  const diskFreeBytes = await freeBytes(dataDir).catch(() => undefined);
  return {
    agent: AGENT_VERSION,
    node: process.versions.node,
    platform: platform(),
    arch: arch(),
    hostname: hostname(),
    cpus: cpus().length,
    memoryBytes: totalmem(),
    ...(diskFreeBytes === undefined ? {} : { diskFreeBytes }),
    runtimes: { node: process.versions.node },
    ...runs,
    ...(blobs === undefined ? {} : { blobs: blobs.slice(0, MAX_BLOBS) }),
  };
}
