/** Uploads to a test director as a client would: begin, PUT the parts to their links, complete, wait. */
import { createHash, randomBytes } from 'node:crypto';
import type { ResourceVersion, ResourceVersionDetails, UploadBegin, UploadBegun } from '@millrace/schemas';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDirector } from './director.js';

export const digestOfBytes = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export function beginUpload<Body = UploadBegun>(
  t: TestDirector,
  name: string,
  bytes: Uint8Array,
  more: Partial<UploadBegin> = {},
) {
  return t.call<Body>('POST', `/v1/resources/${name}/versions:begin-upload`, {
    kind: 'model',
    fileName: 'model.onnx',
    size: bytes.length,
    digest: digestOfBytes(bytes),
    ...more,
  });
}

export async function sendParts(
  begun: UploadBegun,
  bytes: Uint8Array,
  wanted: (number: number) => boolean = () => true,
): Promise<number> {
  if (begun.exists) throw new Error('there is nothing to send');
  let sent = 0;
  for (const { number, offset, length, url } of begun.parts.filter((part) => wanted(part.number))) {
    const body = new Uint8Array(bytes.subarray(offset, offset + length));
    const { status } = await fetch(url, { method: 'PUT', body });
    if (status !== 200) throw new Error(`part ${number}: ${status}`);
    sent += 1;
  }
  return sent;
}

/** A version, ready or refused. Makes the resource when there is none. */
export async function uploadResource(
  t: TestDirector,
  name: string,
  bytes: Uint8Array,
  more: Partial<UploadBegin> = {},
): Promise<ResourceVersionDetails> {
  await t.call('POST', '/v1/resources', { name });
  const { body: begun } = await beginUpload(t, name, bytes, more);
  if (begun.exists) return sealed(t, name, begun.version);
  await sendParts(begun, bytes);
  const path = `/v1/resources/${name}/uploads/${begun.upload}:complete-upload`;
  const completed = await t.call<ResourceVersion>('POST', path);
  if (completed.status !== 202) throw new Error(JSON.stringify(completed.body));
  return sealed(t, name, completed.body.version);
}

/** Waits until the version is ready or refused. */
export async function sealed(
  t: TestDirector,
  name: string,
  version: number,
): Promise<ResourceVersionDetails> {
  const until = Date.now() + 30_000; // a tick takes 5 s, and the machine may be busy
  for (;;) {
    const { body } = await t.call<ResourceVersionDetails>('GET', `/v1/resources/${name}/versions/${version}`);
    if (body.state === 'ready' || body.state === 'refused') return body;
    if (Date.now() > until) throw new Error(`${name}@${version} is still ${body.state}`);
    await sleep(25);
  }
}

/** Somebody with all rights in another organization of the same director. */
export async function stranger(t: TestDirector): Promise<{ token: string; organization: string }> {
  const organization = await t.test.organization();
  const email = `${organization}@example.org`;
  const password = randomBytes(12).toString('hex');
  const { body: user } = await t.call<{ id: string }>('POST', '/v1/users', {
    email,
    password,
    name: 'Stranger',
    role: 'viewer',
  });
  await t.test.database.withinSql(organization, (tx) =>
    tx.sql('INSERT INTO memberships (user_id, role) VALUES ($1, $2)', [user.id, 'admin']),
  );
  const session = await t.call<{ token: string }>(
    'POST',
    '/v1/sessions',
    { email, password, organization },
    { token: null },
  );
  if (session.status !== 201) throw new Error(JSON.stringify(session.body));
  return { token: session.body.token, organization };
}
