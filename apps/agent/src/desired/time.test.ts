import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { canonicalBytes } from '@millrace/fleet';
import type { TimeReply } from '@millrace/schemas';
import { signBytes } from '../identity/keys.js';
import { trustedTime } from './time.js';

const director = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519').privateKey;
const publicKey = director.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const identity = { keys: [{ keyId: 'k', algorithm: 'ed25519' as const, publicKey, epoch: 1 }] };
const reply = (nonce: string, time: number, key: KeyObject = director.privateKey): TimeReply => {
  const payload = { nonce, time };
  return {
    payload,
    signature: { keyId: 'k', algorithm: 'ed25519', value: signBytes(key, canonicalBytes(payload)) },
  };
};

let wall = 0;
let now = 0;
const time = (answer: (nonce: string) => TimeReply) =>
  trustedTime({ api: { time: async (nonce) => answer(nonce) }, identity, now: () => now, wall: () => wall });

test('until the director has answered it is the larger of the clock and the last signing', () => {
  const clock = time(() => reply('', 0));
  wall = 0;
  expect(clock.at(5_000)).toBe(5_000);
  wall = 9_000;
  expect(clock.at(5_000)).toBe(9_000);
});

test("then it is the director's, whatever the clock of the node does", async () => {
  const clock = time((nonce) => reply(nonce, 100_000));
  now = 10;
  await clock.ask();
  wall = 315_360_000_000;
  now = 510;
  expect(clock.at(5_000)).toBe(100_500);
});

test('an answer that is old, or of a stranger, is not believed', async () => {
  wall = 7_000;
  const strange = time((nonce) => reply(nonce, 100_000, stranger));
  await expect(strange.ask()).rejects.toMatchObject({ code: 'platform.message-invalid' });
  const replayed = time(() => reply('an old nonce', 100_000));
  await expect(replayed.ask()).rejects.toMatchObject({ code: 'platform.message-invalid' });
  await replayed.refresh();
  expect(replayed.at(0)).toBe(7_000);
});
