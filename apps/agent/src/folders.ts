/** Where everything of a node lies in its data folder. One place, so that a person can find it too. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';

export interface Folders {
  identity: string;
  privateKey: string;
  lock: string;
  /** The desired state that was accepted last, as it was signed. */
  desired: string;
  reportSeq: string;
  /** Processes of flows that were started, so that the next start waits for those that are still draining. */
  processes: string;
  blobs: string;
  /** Scripts that were unpacked and runtimes that were built, by digest; shared by all flows. */
  built: string;
  outbox: string;
  flows: string;
  flow(name: string): FlowFolders;
}

export interface FlowFolders {
  root: string;
  record: string;
  /** Relative paths of the flow, the same for all its versions. */
  work: string;
  set(key: string): SetFolders;
}

/** One version of a flow with the parameters and resources that were signed with it. */
export interface SetFolders {
  root: string;
  document: string;
  settings: string;
  state: string;
}

export function foldersOf(dataDir: string): Folders {
  const flows = join(dataDir, 'flows');
  return {
    identity: join(dataDir, 'identity.json'),
    privateKey: join(dataDir, 'node.key'),
    lock: join(dataDir, 'agent.lock'),
    desired: join(dataDir, 'desired.json'),
    reportSeq: join(dataDir, 'report-seq.json'),
    processes: join(dataDir, 'processes.json'),
    blobs: join(dataDir, 'blobs'),
    built: join(dataDir, 'built'),
    outbox: join(dataDir, 'outbox'),
    flows,
    flow(name) {
      const root = join(flows, folderName(name));
      return {
        root,
        record: join(root, 'flow.json'),
        work: join(root, 'work'),
        set(key) {
          const folder = join(root, 'sets', key);
          return {
            root: folder,
            document: join(folder, 'document.json'),
            settings: join(folder, 'settings.json'),
            state: join(folder, 'state.bin'),
          };
        },
      };
    },
  };
}

/** A name that came over a wire never becomes a path by itself; the hash keeps `A` and `a` apart everywhere. */
function folderName(flow: string): string {
  const readable = flow
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, '-')
    .slice(0, 40);
  return `${readable}-${createHash('sha256').update(flow).digest('hex').slice(0, 12)}`;
}
