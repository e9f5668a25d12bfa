/**
 * A node joins: a key pair of its own, a join token, and an identity on disk.
 *
 * Guarantee: the private key is made here and never leaves; an identity that is there is never written over;
 * a join that was cut leaves at most a key that the next join uses again.
 */
import { readFile } from 'node:fs/promises';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { makeFolder, readJson, writeAtomically } from '@millrace/blobs';
import { EnrolReply, Failure, type EnrolRequest } from '@millrace/schemas';
import { ask, expectBody } from '../director/http.js';
import { foldersOf, type Folders } from '../folders.js';
import { nodeFacts } from '../health/facts.js';
import { makeKey } from './keys.js';
import type { StoredIdentity } from './identity.js';

export interface JoinOptions {
  url: string;
  token: string;
  name?: string;
  dataDir: string;
}

export async function joinNode({ url, token, name, dataDir }: JoinOptions): Promise<StoredIdentity> {
  const folders = foldersOf(dataDir);
  await makeFolder(dataDir);
  if ((await readJson(folders.identity)) !== undefined) {
    throw new Failure(
      'fleet.already-enrolled',
      `${dataDir} holds the identity of a node already. Start the agent with it, or join with another data folder.`,
    );
  }
  const facts = await nodeFacts(dataDir);
  const identity = await enrol(url, {
    token,
    signingKey: await ownKey(folders),
    name: name ?? facts.hostname,
    facts,
  });
  await writeAtomically(folders.identity, `${JSON.stringify(identity, null, 2)}\n`, { mode: 0o600 });
  return identity;
}

/** Asks the director to let a node in; nothing is kept here. */
export async function enrol(
  url: string,
  request: EnrolRequest,
  signal?: AbortSignal,
): Promise<StoredIdentity> {
  const base = url.replace(/\/+$/, '');
  const endpoint = `${base}/v1/agent/enrol`;
  const { time: _time, ...reply } = expectBody(
    EnrolReply,
    await ask({ url: endpoint, method: 'POST', body: request, signal }),
    endpoint,
  );
  return { url: base, ...reply };
}

/** The public half, SPKI DER base64. */
async function ownKey(folders: Folders): Promise<string> {
  const before = await readFile(folders.privateKey, 'utf8').catch(() => undefined);
  if (before !== undefined) {
    const publicKey = createPublicKey(createPrivateKey(before));
    return publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  }
  const { privatePem, publicSpki } = makeKey();
  await writeAtomically(folders.privateKey, privatePem, { mode: 0o600 });
  return publicSpki;
}
