/**
 * The inbox of desired states: whatever way one came, it is judged by the same rules, saved, and handed on.
 *
 * Guarantee: only what this node's organization signed for this node, newer than all before, and not expired,
 * is ever accepted; it is saved before anything acts on it; what is refused changes nothing, is
 * remembered for the report with its reason, and does not stand in the way of the next.
 */
import { compareStates, judgeDesired } from '@millrace/fleet';
import type { Reason, DesiredPayload, SignedDesired } from '@millrace/schemas';
import type { Identity } from '../identity/identity.js';
import { verifySignature } from '../identity/keys.js';
import type { Log } from '../log.js';
import type { TrustedTime } from './time.js';

export interface Refused {
  epoch: number;
  sequence: number;
  reason: Reason;
}

export interface Inbox {
  readonly accepted: DesiredPayload | null;
  /** The newest that was refused since the last one that was accepted. */
  readonly refused: Refused | null;
  /** Resolves when it has been judged, and saved when it was taken. */
  take(state: SignedDesired): Promise<'taken' | 'known' | 'refused'>;
  /** True when a state of this number would be newer than what was accepted. */
  isNews(state: Pick<DesiredPayload, 'epoch' | 'sequence'>): boolean;
  /** Epoch ms to judge expiry by: see time.ts. */
  trustedNow(): number;
}

export interface InboxOptions {
  identity: Pick<Identity, 'organization' | 'node' | 'keys'>;
  /** What was taken in an earlier life. */
  accepted: DesiredPayload | null;
  /** Resolves when it cannot be lost any more; only then does anything act on it. */
  save(state: SignedDesired): Promise<void>;
  time: TrustedTime;
  log: Log;
  onAccepted(payload: DesiredPayload): void;
  onRefused(refused: Refused): void;
}

export function openInbox(options: InboxOptions): Inbox {
  const { identity, log } = options;
  let { accepted } = options;
  let refused: Refused | null = null;
  let before: Promise<unknown> = Promise.resolve();

  const trustedNow = () => options.time.at(accepted?.issuedAt ?? 0);

  async function judge(state: SignedDesired): Promise<'taken' | 'known' | 'refused'> {
    const { payload } = state;
    const { organization, node, keys } = identity;
    const judge = () =>
      judgeDesired(
        state,
        { organization, node, keys, threshold: 1, accepted, now: trustedNow() },
        verifySignature,
      );
    let judgement = judge();
    // It may be our own clock that is wrong.
    if (judgement.verdict === 'refuse' && judgement.code === 'EXPIRED') {
      await options.time.ask().catch(() => undefined);
      judgement = judge();
    }
    if (judgement.verdict === 'known') return 'known';
    if (judgement.verdict === 'refuse') {
      const { code, detail } = judgement;
      refused = { epoch: payload.epoch, sequence: payload.sequence, reason: { code, detail } };
      log.warn(refused, 'a desired state is refused');
      options.onRefused(refused);
      return 'refused';
    }
    await options.save(state);
    accepted = payload;
    refused = null;
    log.info({ sequence: payload.sequence, flows: payload.flows.length }, 'a desired state is accepted');
    options.onAccepted(payload);
    return 'taken';
  }

  return {
    get accepted() {
      return accepted;
    },
    get refused() {
      return refused;
    },
    take(state) {
      const judged = before.then(() => judge(state));
      before = judged.catch(() => undefined);
      return judged;
    },
    isNews: (state) => compareStates(state, accepted) > 0,
    trustedNow,
  };
}
