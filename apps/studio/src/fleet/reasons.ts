/** What a person can do about each reason for which a node does not run what is desired. */
import type { ReasonCode } from '@millrace/schemas';

export const WAYS_OUT: Readonly<Record<ReasonCode, string>> = {
  DIGEST_MISMATCH:
    'What lies on its disk is not what was signed. Deploy the version again; if it comes back, check the disk.',
  SIGNATURE_INVALID:
    'The node trusts another key than the one that signed this. Was the director restored from an older copy? Join the node anew.',
  WRONG_NODE:
    'The state was made for another node: two machines share one data folder. Join one of them anew.',
  ROLLBACK_REFUSED:
    'It has already accepted something newer than the director offers. Was the director restored from an older copy? Deploy once more.',
  EXPIRED:
    'What it was offered is too old to be installed. It is signed anew by itself; check the clock of the node.',
  INCOMPLETE_SET:
    'Something that the flow needs is not in the catalogue any more. Publish and deploy a version that has it.',
  NO_SPACE: 'Make room on its disk. It goes on by itself as soon as there is enough.',
  RUNTIME_MISSING: 'Install what the flow needs on the node, as the detail says, and start its agent again.',
  CONTRACT_MISMATCH: 'The model and the flow do not fit together. Correct the flow or promote another model.',
  GOLDEN_MISMATCH:
    'On this node the model gives other numbers than it should. Use a model that was built for its platform.',
  CHECK_FAILED:
    'The flow does not pass the checks on this node. Correct it, publish and deploy the new version.',
  PROBATION_FAILED:
    'The new version did not prove itself, and the old one goes on. Look at the evidence, correct the flow and deploy it again.',
  START_FAILED:
    'It did not start. Look at the evidence and the logs; sources that cannot be reached are the usual cause.',
  CRASHED:
    'Its process ended by itself and is started again a little later. Look at the evidence and the logs.',
  TIMED_OUT: 'It did not prove itself in time. Look at the logs, or deploy it again with more time.',
  DOWNLOAD_FAILED:
    'The bytes did not arrive. It tries again by itself; check whether the node reaches the director over HTTP.',
  DIRECTOR_UNREACHABLE:
    'It tries again by itself. Check the network of the node and the address of the director.',
  OFFLINE:
    'Start its agent with millrace agent run, or check its network. What it runs goes on without the director.',
  SUPERSEDED: 'Something newer took its place. Nothing is to be done.',
  STOPPED:
    'Somebody stopped it. Restart the flow when it is to run again, or join the node anew if it was revoked.',
};
