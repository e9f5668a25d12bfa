import { generateKeyPairSync, sign, verify as check, createPublicKey, type KeyObject } from 'node:crypto';
import type { DesiredPayload, PublicKey, SignedDesired } from '@millrace/schemas';
import { canonicalBytes, compareStates, judgeDesired, type NodeTrust, type Verify } from './desired.js';

const pair = (keyId: string) => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  return { privateKey, key: { keyId, algorithm: 'ed25519', publicKey: spki, epoch: 1 } satisfies PublicKey };
};
const [one, two, stranger] = [pair('one'), pair('two'), pair('stranger')];

const verify: Verify = (key, bytes, value) =>
  check(
    null,
    bytes,
    createPublicKey({ key: Buffer.from(key.publicKey, 'base64'), type: 'spki', format: 'der' }),
    Buffer.from(value, 'base64url'),
  );

const payload = (changes: Partial<DesiredPayload> = {}): DesiredPayload => ({
  organization: 'o',
  node: 'n',
  epoch: 1,
  sequence: 5,
  issuedAt: 1_000,
  expiresAt: 10_000,
  flows: [],
  ...changes,
});
const signed = (body: DesiredPayload, ...by: { privateKey: KeyObject; key: PublicKey }[]): SignedDesired => ({
  payload: body,
  signatures: by.map(({ privateKey, key }) => ({
    keyId: key.keyId,
    algorithm: 'ed25519',
    value: sign(null, canonicalBytes(body), privateKey).toString('base64url'),
  })),
});
const trust = (changes: Partial<NodeTrust> = {}): NodeTrust => ({
  organization: 'o',
  node: 'n',
  keys: [one.key, two.key],
  threshold: 1,
  accepted: { epoch: 1, sequence: 4 },
  now: 5_000,
  ...changes,
});
const code = (state: SignedDesired, by = trust()) => {
  const judgement = judgeDesired(state, by, verify);
  return judgement.verdict === 'refuse' ? judgement.code : judgement.verdict;
};

test('the canonical form does not depend on the order of keys', () => {
  expect(Buffer.from(canonicalBytes({ b: 1, a: [2, 'ü'] })).toString()).toBe('{"a":[2,"ü"],"b":1}');
});

test('a newer state for this node, signed by a trusted key, is taken', () => {
  expect(code(signed(payload(), one))).toBe('take');
  expect(code(signed(payload(), one), trust({ accepted: null }))).toBe('take');
});

test('the state that the node has is known, not refused, even when it has expired', () => {
  expect(code(signed(payload({ sequence: 4 }), one), trust({ now: 99_999 }))).toBe('known');
});

test.each([
  ['a state for node A is refused by B', signed(payload({ node: 'b' }), one), trust(), 'WRONG_NODE'],
  ['so is one for another organization', signed(payload({ organization: 'p' }), one), trust(), 'WRONG_NODE'],
  ['a key that nobody trusts', signed(payload(), stranger), trust(), 'SIGNATURE_INVALID'],
  [
    'an old, validly signed state replayed',
    signed(payload({ sequence: 3 }), one),
    trust(),
    'ROLLBACK_REFUSED',
  ],
  [
    'an older epoch with a higher sequence',
    signed(payload({ epoch: 0, sequence: 99 }), one),
    trust(),
    'ROLLBACK_REFUSED',
  ],
  ['one that has expired', signed(payload(), one), trust({ now: 10_000 }), 'EXPIRED'],
  [
    'one of two keys where two are needed',
    signed(payload(), one),
    trust({ threshold: 2 }),
    'SIGNATURE_INVALID',
  ],
  [
    'the same key twice counts once',
    signed(payload(), one, one),
    trust({ threshold: 2 }),
    'SIGNATURE_INVALID',
  ],
])('%s', (_title, state, by, expected) => {
  expect(code(state, by)).toBe(expected);
});

test('two distinct keys where two are needed', () => {
  expect(code(signed(payload(), one, two), trust({ threshold: 2 }))).toBe('take');
});

test('any change to what was signed is noticed', () => {
  const state = signed(payload(), one);
  expect(code({ ...state, payload: { ...state.payload, expiresAt: 99_999 } })).toBe('SIGNATURE_INVALID');
});

test('a new key epoch recovers from a sequence poisoned to the largest number', () => {
  const accepted = { epoch: 1, sequence: Number.MAX_SAFE_INTEGER };
  expect(compareStates({ epoch: 2, sequence: 1 }, accepted)).toBeGreaterThan(0);
});
