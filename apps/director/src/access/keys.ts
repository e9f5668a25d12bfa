/**
 * The signing keys of an organization: what it tells its nodes is signed with the newest of them.
 *
 * Guarantee: a private key lies in the database only under AES-256-GCM with the master key, bound to its
 * organization and id; a database without the master key signs nothing. Losing the master key is final.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Failure, type PublicKey, type Signature } from '@millrace/schemas';
import { Clock } from '../platform/clock.js';
import { Database, type Tx } from '../platform/database/database.js';
import { newId } from '../platform/id.js';
import { MasterKey } from '../platform/master-key.js';

const OPEN_AT_MOST = 1_000; // unsealed keys in memory

@Injectable()
export class SigningKeys {
  private readonly open = new Map<string, { keyId: string; key: KeyObject }>();

  constructor(
    private readonly database: Database,
    private readonly master: MasterKey,
    private readonly clock: Clock,
  ) {}

  /** The first key of an organization, in the transaction that creates the organization. */
  async createFirst(tx: Tx): Promise<void> {
    const id = newId(this.clock.now());
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const plain = privateKey.export({ type: 'pkcs8', format: 'der' });
    await tx.prisma.signingKey.create({
      data: {
        id,
        epoch: 1,
        publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
        sealedKey: seal(this.master.bytes, plain, `${tx.organization}/${id}`),
      },
    });
  }

  /** Ed25519 over exactly these bytes, with the newest key. */
  async sign(organization: string, bytes: Uint8Array): Promise<Signature> {
    const { keyId, key } = await this.newest(organization);
    return { keyId, algorithm: 'ed25519', value: sign(null, bytes, key).toString('base64url') };
  }

  /** The whole chain, oldest first; what nodes trust. Its length is the epoch. */
  publicKeys(organization: string): Promise<PublicKey[]> {
    return this.database.within(organization, async (tx) => {
      const rows = await tx.prisma.signingKey.findMany({ orderBy: { epoch: 'asc' } });
      return rows.map(({ id, publicKey, epoch }) => ({
        keyId: id,
        algorithm: 'ed25519' as const,
        publicKey,
        epoch,
      }));
    });
  }

  private async newest(organization: string): Promise<{ keyId: string; key: KeyObject }> {
    const [row] = await this.database.withinSql(organization, (tx) =>
      tx.sql<{ id: string; sealed_key: string }>(
        'SELECT id, sealed_key FROM signing_keys ORDER BY epoch DESC LIMIT 1',
      ),
    );
    if (!row) throw new Failure('access.no-signing-key', `Organization ${organization} has no signing key.`);
    const known = this.open.get(row.id);
    if (known) return known;
    const der = unseal(this.master.bytes, row.sealed_key, `${organization}/${row.id}`);
    const opened = { keyId: row.id, key: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
    if (this.open.size >= OPEN_AT_MOST) this.open.clear();
    this.open.set(row.id, opened);
    return opened;
  }
}

/** nonce (12 bytes), tag (16), ciphertext, as base64url; `bound` is authenticated with it. */
export function seal(key: Uint8Array, plain: Uint8Array, bound: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(bound));
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url');
}

export function unseal(key: Uint8Array, sealed: string, bound: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
      .setAAD(Buffer.from(bound))
      .setAuthTag(bytes.subarray(12, 28));
    return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]);
  } catch (cause) {
    throw new Failure(
      'access.master-key',
      'The master key does not open the signing keys of this database. Set MILLRACE_MASTER_KEY to the one they were made with.',
      { cause },
    );
  }
}
