import { testDirector, type TestDirector } from '../../../../test/kit/director.js';
import { Audit } from './audit.js';

describe('access', () => {
  let t: TestDirector;
  beforeAll(async () => {
    t = await testDirector();
  });
  afterAll(() => t?.close());

  it('signs in with email and password, and out again', async () => {
    const wrong = await t.call(
      'POST',
      '/v1/sessions',
      { email: t.email, password: 'wrong' },
      { token: null },
    );
    expect(wrong).toMatchObject({ status: 401, body: { code: 'access.unauthenticated' } });
    const { email, password } = t;
    const session = await t.call<{ token: string }>(
      'POST',
      '/v1/sessions',
      { email, password },
      { token: null },
    );
    expect(session.status).toBe(201);
    const { token } = session.body;
    const me = await t.call('GET', '/v1/me', undefined, { token });
    expect(me).toMatchObject({
      status: 200,
      body: { kind: 'user', email, role: 'admin', organization: { name: 'default' } },
    });
    expect((await t.call('DELETE', '/v1/sessions/current', undefined, { token })).status).toBe(204);
    expect((await t.call('GET', '/v1/me', undefined, { token })).status).toBe(401);
  });
});
