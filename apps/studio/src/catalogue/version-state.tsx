/** Whether a version can be used. */
import type { ResourceVersion } from '@millrace/schemas';
import { State } from '../ui/state.js';

export function VersionState({ of }: { of: Pick<ResourceVersion, 'state'> }) {
  if (of.state === 'ready') return <State is="good">ready</State>;
  if (of.state === 'sealing') return <State is="busy">being verified</State>;
  return <State is="broken">refused</State>;
}
