/** What a node must know to trust the director: its keys, and its time, signed. */
import { Injectable } from '@nestjs/common';
import { canonicalBytes } from '@millrace/fleet';
import type { KeysReply, TimeReply } from '@millrace/schemas';
import { SigningKeys } from '../access/keys.js';
import type { NodePrincipal } from '../access/principal.js';
import { Clock } from '../platform/clock.js';
import { Presence } from './presence.js';

@Injectable()
export class TrustService {
  constructor(
    private readonly signing: SigningKeys,
    private readonly presence: Presence,
    private readonly clock: Clock,
  ) {}

  async keys({ organization, node }: NodePrincipal): Promise<KeysReply> {
    this.presence.heard(organization, node);
    return { keys: await this.signing.publicKeys(organization) };
  }

  /** The nonce is the node's own, so that an old answer cannot be played again. */
  async time({ organization, node }: NodePrincipal, nonce: string): Promise<TimeReply> {
    this.presence.heard(organization, node);
    const payload = { nonce, time: this.clock.now() };
    return { payload, signature: await this.signing.sign(organization, canonicalBytes(payload)) };
  }
}
