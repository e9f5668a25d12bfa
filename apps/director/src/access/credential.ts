/**
 * Credentials: `mrs_ORGANIZATION_SECRET` for a session, `mrt_` for an API token, `mrn_ORGANIZATION_NODE_SECRET`
 * for a node, `mrj_ORGANIZATION_SECRET` for joining.
 *
 * Each names its organization, so that it is looked up inside that organization and never across all of them.
 * The word in front makes kinds impossible to confuse, and leaked ones easy to find. Only hashes are kept.
 */
export type Credential =
  | { kind: 'session' | 'token' | 'join'; organization: string; secret: string }
  | { kind: 'node'; organization: string; node: string; secret: string };

const words = { mrs: 'session', mrt: 'token', mrj: 'join' } as const;

export function formatCredential(credential: Credential): string {
  const { organization, secret } = credential;
  if (credential.kind === 'node') return `mrn_${organization}_${credential.node}_${secret}`;
  const word = Object.entries(words).find(([, kind]) => kind === credential.kind)?.[0];
  return `${word}_${organization}_${secret}`;
}

/** Undefined for anything that is not one of ours. Secrets may hold underscores, ids may not. */
export function parseCredential(text: string): Credential | undefined {
  if (text.length > 300) return undefined;
  const node = /^mrn_([0-9a-z-]+)_([0-9a-z-]+)_([\w-]{20,})$/.exec(text);
  if (node?.[1] && node[2] && node[3]) {
    return { kind: 'node', organization: node[1], node: node[2], secret: node[3] };
  }
  const other = /^(mrs|mrt|mrj)_([0-9a-z-]+)_([\w-]{20,})$/.exec(text);
  if (!other?.[2] || !other[3]) return undefined;
  return { kind: words[other[1] as keyof typeof words], organization: other[2], secret: other[3] };
}
