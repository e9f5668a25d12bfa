/** The settings that modules share which speak HTTP. Browser-safe. */
import { z } from 'zod';

export const Auth = z
  .strictObject({
    token: z.string().min(1).optional().describe('Bearer token; a parameter of the type secret.'),
    username: z.string().min(1).optional().describe('Name, for basic authentication.'),
    password: z.string().optional().describe('Its password; a parameter of the type secret.'),
  })
  .describe('Who asks: a bearer token, or a name and a password.');
export type Auth = z.infer<typeof Auth>;

/** Of a module that asks somebody else. */
export const requestSettings = {
  url: z
    .string()
    .regex(/^https?:\/\/[^\s]+$/, 'an address is http://host:port/path or https://host/path')
    .describe('Address: http:// or https://.'),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'a header has no such name'), z.string())
    .default({})
    .describe('Further headers of each request.'),
  auth: Auth.optional(),
};

export interface RequestSettings {
  url: string;
  headers: Record<string, string>;
  auth?: Auth;
}

/** Problems of a setting `auth`: half a credential, or two of them. */
export function authProblems(auth: Auth | undefined): { pointer: string; detail: string }[] {
  if (auth === undefined) return [];
  const { token, username, password } = auth;
  if (token !== undefined && (username !== undefined || password !== undefined))
    return [{ pointer: '/auth', detail: 'there is a token and a name: leave one of them out.' }];
  if (token === undefined && (username === undefined || password === undefined))
    return [{ pointer: '/auth', detail: 'it needs a token, or a username and a password.' }];
  return [];
}
