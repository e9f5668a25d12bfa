/**
 * Commands of the director to this node: signed, with an id and a deadline. Never the way to deploy.
 *
 * Guarantee: a command that is not signed by the organization, late, or heard before does nothing.
 */
import { canonicalBytes } from '@millrace/fleet';
import type { Reply, SignedCommand } from '@millrace/schemas';
import type { Identity } from '../identity/identity.js';
import { verifySignature } from '../identity/keys.js';

/** Ids of commands that were heard; a command's deadline is short, so few are needed. */
const REMEMBERED = 1_000;

export interface CommandOptions {
  identity: Identity;
  wall(): number;
  restart(flow: string): Promise<boolean>;
}

export function commandHandler({ identity, wall, restart }: CommandOptions) {
  const heard = new Set<string>();
  /** undefined: nothing to answer to. */
  return async ({ payload, signature }: SignedCommand): Promise<Reply | undefined> => {
    const key = identity.keys.find(({ keyId }) => keyId === signature.keyId);
    if (key === undefined || !verifySignature(key, canonicalBytes(payload), signature.value))
      return undefined;
    const { id, deadline, verb, flow } = payload;
    if (heard.has(id)) return undefined;
    heard.add(id);
    if (heard.size > REMEMBERED) heard.delete(heard.values().next().value!);
    if (deadline < wall()) return { id, ok: false, detail: 'the command came after its deadline' };
    if (verb !== 'restart' || flow === undefined)
      return { id, ok: false, detail: `this agent cannot do "${verb}"` };
    return (await restart(flow))
      ? { id, ok: true }
      : { id, ok: false, detail: `no flow ${flow} is on this node` };
  };
}
