/** Who may enter the embedded broker: a node with its own credential as the password. */
import type { INestApplicationContext } from '@nestjs/common';
import type { BrokerNode } from '../platform/broker/broker.js';
import { parseCredential } from './credential.js';
import { NodeCredentials } from './node-credentials.js';

export function verifierOf(app: INestApplicationContext) {
  return async (username: string, password: string): Promise<BrokerNode | null> => {
    const credential = parseCredential(password);
    if (credential?.kind !== 'node' || credential.node !== username) return null;
    const nodes = app.get(NodeCredentials, { strict: false });
    const { organization, node, secret } = credential;
    return (await nodes.verify({ organization, node }, secret)) ? { organization, node } : null;
  };
}
