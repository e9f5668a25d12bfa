import { Client } from 'pg';
import { Failure } from '@millrace/schemas';
import { asUnreachable } from './unreachable.js';

/** A reserved port, which nobody listens on. */
const address = 'postgres://somebody:secret@127.0.0.1:1/plant';

describe('PostgreSQL that cannot be reached', () => {
  it('is named with its variable, and without its password', async () => {
    const error: unknown = await new Client(address).connect().catch((caught: unknown) => caught);
    const told = asUnreachable('DATABASE_URL', address, error) as Failure;
    expect(told).toBeInstanceOf(Failure);
    expect(told.code).toBe('platform.unavailable');
    expect(told.message).toContain('DATABASE_URL: PostgreSQL at 127.0.0.1:1/plant does not answer');
    expect(told.message).not.toContain('secret');
  });

  it.each(['28P01', '28000', '3D000'])('is a matter of configuration for %s', (code) => {
    const told = asUnreachable('DATABASE_OWNER_URL', address, Object.assign(new Error('no'), { code }));
    expect(told).toMatchObject({ code: 'platform.configuration' });
    expect((told as Failure).message).toContain('Correct DATABASE_OWNER_URL');
  });

  it('leaves any other error as it is', () => {
    const bug = new TypeError('x is not a function');
    expect(asUnreachable('DATABASE_URL', address, bug)).toBe(bug);
  });
});
