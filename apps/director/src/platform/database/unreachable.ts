/**
 * Why PostgreSQL of the environment could not be used at the start, told to who set its address.
 *
 * Guarantee: neither the name nor the password of the address is in the sentence. It knows only what a person
 * can put right; anything else stays the error that it was.
 */
import { Failure } from '@millrace/schemas';

const refusals: Record<string, string> = {
  '28P01': 'refuses this name and password',
  '28000': 'refuses this name',
  '3D000': 'has no such database',
};
const silent = /^(ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/;

export function asUnreachable(variable: string, address: string, error: unknown): unknown {
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string') return error;
  const { host, pathname } = new URL(address);
  const place = `${variable}: PostgreSQL at ${host}${pathname}`;
  if (Object.hasOwn(refusals, code)) {
    return new Failure('platform.configuration', `${place} ${refusals[code]}. Correct ${variable}.`, {
      cause: error,
    });
  }
  if (!silent.test(code)) return error;
  return new Failure(
    'platform.unavailable',
    `${place} does not answer (${code}). Start it, or correct ${variable}; without it PostgreSQL is embedded.`,
    { cause: error },
  );
}
