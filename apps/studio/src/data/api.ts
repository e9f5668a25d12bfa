/** The director of this page, asked as the person who is signed in. */
import { client, type Client } from '@millrace/client';
import { session } from './session.js';

let made: { token: string | undefined; client: Client } | undefined;

/** A client for the session as it is now; a token that is refused ends it, and the sign-in page comes. */
export function api(): Client {
  const token = session.get()?.token;
  if (made?.token !== token || made === undefined) {
    made = { token, client: client({ url: location.origin, token, attempts: 3, fetch: watched }) };
  }
  return made.client;
}

const watched: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  if (response.status === 401 && session.get() !== undefined && !isSignIn(input))
    session.end('Your session has ended. Sign in again: what you drew is kept.');
  return response;
};

const isSignIn = (input: Parameters<typeof fetch>[0]): boolean => String(input).endsWith('/v1/sessions');
