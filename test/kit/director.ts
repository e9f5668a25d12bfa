/**
 * A whole director in the test's process: own database, own folder, random ports, embedded everything.
 * Tests talk to it as a user would, over HTTP.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDirector, type Director } from '../../apps/director/src/director.js';
import { readConfig } from '../../apps/director/src/platform/config.js';
import { testDatabase, type TestDatabase } from './database.js';

export interface Answer<Body> {
  status: number;
  body: Body;
  headers: Headers;
}

export interface CallOptions {
  /** Default: the admin's. `null` sends none. */
  token?: string | null;
  headers?: Record<string, string>;
}

export interface TestDirector {
  director: Director;
  url: string;
  /** Of the admin of the first start. */
  token: string;
  email: string;
  password: string;
  organization: string;
  test: TestDatabase;
  call<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    options?: CallOptions,
  ): Promise<Answer<Body>>;
  /** Signs in as somebody new with this role. */
  person(role: 'admin' | 'operator' | 'data-scientist' | 'viewer'): Promise<{ token: string; id: string }>;
  close(): Promise<void>;
}

export async function testDirector(environment: Record<string, string> = {}): Promise<TestDirector> {
  const test = await testDatabase();
  const data = await mkdtemp(join(tmpdir(), 'millrace-director-'));
  const cleanUp = async () => {
    await test.close();
    await rm(data, { recursive: true, force: true });
  };
  const director = await startDirector(
    readConfig({
      MILLRACE_DATA: data,
      MILLRACE_PORT: '0',
      MILLRACE_MQTT_PORT: '0',
      MILLRACE_LOG_LEVEL: process.env.MILLRACE_LOG_LEVEL ?? 'error',
      DATABASE_URL: test.apiUrl,
      DATABASE_OWNER_URL: test.ownerUrl,
      DATABASE_CONNECTIONS: '8',
      ...environment,
    }),
  ).catch(async (error: unknown) => {
    await cleanUp();
    throw error;
  });
  const admin = director.firstAdmin;
  if (!admin) throw new Error('a new director has a first admin');
  const call: TestDirector['call'] = async <Body>(
    method: string,
    path: string,
    body?: unknown,
    options: CallOptions = {},
  ) => {
    const token = options.token === undefined ? admin.token : options.token;
    const response = await fetch(`${director.url}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...options.headers,
      },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : text) as Body,
    };
  };
  let people = 0;
  return {
    director,
    url: director.url,
    ...admin,
    test,
    call,
    person: async (role) => {
      const email = `person${++people}@example.org`;
      const password = 'a long enough password';
      const created = await call<{ id: string }>('POST', '/v1/users', { email, name: role, role, password });
      const session = await call<{ token: string }>(
        'POST',
        '/v1/sessions',
        { email, password },
        { token: null },
      );
      if (session.status !== 201) throw new Error(`no session for ${email}: ${JSON.stringify(session.body)}`);
      return { id: created.body.id, token: session.body.token };
    },
    close: async () => {
      await director.close();
      await cleanUp();
    },
  };
}
