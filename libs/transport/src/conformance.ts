/**
 * What every transport must do: one suite, run over memory, the embedded broker and Mosquitto.
 * For tests only; it is not part of the package.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Will } from './line.js';
import { realTimers, type Connection, type Message, type Transport } from './port.js';
import type { TransportOptions } from './transport.js';

export interface ClientOptions extends TransportOptions {
  clientId: string;
  username?: string;
  password?: string;
  will?: Will;
  cleanSession?: boolean;
}

/** A fresh broker that knows the user `miller` with the password `water`. */
export interface Rig {
  /** Not yet connecting. */
  client(options: ClientOptions): Transport;
  /** Breaks the connection of one client, impolitely. */
  cut(clientId: string): void;
  /** Nobody comes in until `allow`; whoever is in is cut off. */
  refuse(): void;
  allow(): void;
  close(): Promise<void>;
}

const text = (message: Message) => Buffer.from(message.payload).toString();
const quick = { reconnect: { baseMs: 20, capMs: 100 } };

/** Bounded, and says what it waited for. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within 15 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function conforms(name: string, start: () => Promise<Rig>): void {
  describe(`transport over ${name}`, () => {
    let rig: Rig;
    let open: Transport[] = [];
    beforeEach(async () => {
      rig = await start();
    });
    afterEach(async () => {
      rig.allow();
      await Promise.all(open.map((transport) => transport.close()));
      open = [];
      await rig.close();
    });

    function create(clientId: string, options: Omit<ClientOptions, 'clientId'> = {}): Transport {
      const login = { username: 'miller', password: 'water' };
      const transport = rig.client({ clientId, ...login, ...quick, ...options });
      open.push(transport);
      return transport;
    }
    async function connected(clientId: string, options: Omit<ClientOptions, 'clientId'> = {}) {
      const transport = create(clientId, options);
      transport.connect();
      await until(`${clientId} is connected`, () => transport.connected);
      return transport;
    }
    /** Collects the texts that come on a filter. */
    async function collect(transport: Transport, filter: string, qos: 0 | 1 = 1): Promise<string[]> {
      const got: string[] = [];
      await transport.subscribe(filter, (message) => void got.push(text(message)), { qos }).granted();
      return got;
    }

    test('brings messages in order, with their bytes', async () => {
      const receiver = await connected('receiver');
      const sender = await connected('sender');
      const got: Message[] = [];
      await receiver.subscribe('a/b', (message) => void got.push(message)).granted();
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      await sender.publish('a/b', bytes);
      const texts = Array.from({ length: 300 }, (_, index) => `message ${index}`);
      await Promise.all(texts.map((each) => sender.publish('a/b', each)));
      await until('301 messages', () => got.length === 301);
      expect(got[0]).toMatchObject({ topic: 'a/b', qos: 1, retained: false, duplicate: false });
      expect(Buffer.from(got[0]!.payload).equals(bytes)).toBe(true);
      expect(got.slice(1).map(text)).toEqual(texts);
    });

    test('brings QoS 0 without acknowledgement', async () => {
      const receiver = await connected('receiver');
      const sender = await connected('sender');
      const got = await collect(receiver, 'metrics', 0);
      await sender.publish('metrics', 'one', { qos: 0 });
      await until('the message', () => got.length === 1);
    });

    test('takes the largest message and refuses one that is a byte larger', async () => {
      const receiver = await connected('receiver');
      const got: number[] = [];
      await receiver.subscribe('big', ({ payload }) => void got.push(payload.length)).granted();
      await receiver.publish('big', new Uint8Array(256 * 1024));
      await until('the message', () => got.length === 1);
      expect(got).toEqual([256 * 1024]);
      await expect(receiver.publish('big', new Uint8Array(256 * 1024 + 1))).rejects.toMatchObject({
        code: 'platform.message-too-large',
      });
    });

    test('knows + and #, and refuses what is no topic and no filter', async () => {
      const receiver = await connected('receiver');
      const plus = await collect(receiver, 'm/+/report');
      const hash = await collect(receiver, 'n/#');
      for (const topic of ['m/a/report', 'm/a/b/report', 'm/a/alert', 'n', 'n/x', 'n/x/y', 'nn/x']) {
        await receiver.publish(topic, topic);
      }
      await receiver.publish('m/last/report', 'last');
      await until('the last message', () => plus.includes('last'));
      expect(plus).toEqual(['m/a/report', 'last']);
      expect(hash).toEqual(['n', 'n/x', 'n/x/y']);
      const invalid = { code: 'platform.invalid-request' };
      await expect(receiver.publish('m/+/report', 'x')).rejects.toMatchObject(invalid);
      await expect(receiver.publish('', 'x')).rejects.toMatchObject(invalid);
      expect(() => receiver.subscribe('n/#/x', () => undefined)).toThrow(expect.objectContaining(invalid));
      expect(() => receiver.subscribe('n/x+', () => undefined)).toThrow(expect.objectContaining(invalid));
    });

    test('keeps the last retained message for those who come later, until it is cleared', async () => {
      const sender = await connected('sender');
      await sender.publish('desired', 'old', { retain: true });
      await sender.publish('desired', 'new', { retain: true });
      const late = await connected('late');
      const got: Message[] = [];
      await late.subscribe('desired', (message) => void got.push(message)).granted();
      await until('the retained message', () => got.length === 1);
      expect(got.map((each) => [text(each), each.retained])).toEqual([['new', true]]);
      await sender.publish('desired', 'live', { retain: true });
      await until('the live message', () => got.length === 2);
      expect(got[1]!.retained).toBe(false);
      await sender.publish('desired', '', { retain: true });
      await sender.publish('other', 'end', { retain: true });
      const later = await connected('later');
      const rest = await collect(later, '#');
      await until('what is retained', () => rest.length > 0);
      expect(rest).toEqual(['end']);
    });

    test('gives a handler one message at a time and goes on after one that fails or hangs', async () => {
      const problems: string[] = [];
      const receiver = await connected('receiver', {
        handlerDeadlineMs: 300,
        onProblem: (failure) => problems.push(failure.message),
      });
      const sender = await connected('sender');
      const events: string[] = [];
      const subscription = receiver.subscribe('work', async (message) => {
        const job = text(message);
        events.push(`begin ${job}`);
        if (job === 'fails') throw new Error('broken handler');
        if (job === 'hangs') await new Promise(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 10));
        events.push(`end ${job}`);
      });
      await subscription.granted();
      await Promise.all(['a', 'fails', 'b', 'hangs', 'c'].map((job) => sender.publish('work', job)));
      await until('the last job', () => events.includes('end c'));
      expect(events).toEqual([
        'begin a',
        'end a',
        'begin fails',
        'begin b',
        'end b',
        'begin hangs',
        'begin c',
        'end c',
      ]);
      expect(receiver.counters).toMatchObject({ received: 5, failed: 1, overdue: 1 });
      expect(problems).toHaveLength(2);
    });

    test('handles topics side by side when asked, and one topic in order all the same', async () => {
      const receiver = await connected('receiver', { concurrency: 4 });
      const sender = await connected('sender');
      const running = new Set<string>();
      const got: string[] = [];
      let most = 0;
      const subscription = receiver.subscribe('node/+', async (message) => {
        if (running.has(message.topic)) throw new Error('two of one topic at a time');
        running.add(message.topic);
        most = Math.max(most, running.size);
        await new Promise((resolve) => setTimeout(resolve, 15));
        running.delete(message.topic);
        got.push(`${message.topic} ${text(message)}`);
      });
      await subscription.granted();
      const sent = Array.from({ length: 24 }, (_, index) => [`node/${index % 8}`, String(index)] as const);
      await Promise.all(sent.map(([topic, payload]) => sender.publish(topic, payload)));
      await until('all messages', () => got.length === 24);
      expect(most).toBe(4);
      expect(receiver.counters.failed).toBe(0);
      const ofFirst = got.filter((each) => each.startsWith('node/0 '));
      expect(ofFirst).toEqual(['node/0 0', 'node/0 8', 'node/0 16']);
    });

    test('lets a handler publish and wait for the answer of the broker', async () => {
      const receiver = await connected('receiver');
      const acks = await collect(receiver, 'ack');
      let settled = 0;
      const answer = async (message: Message) => {
        await receiver.publish('ack', `ack of ${text(message)}`, { deadlineMs: 5000 });
        settled += 1;
      };
      await receiver.subscribe('alert', answer).granted();
      await receiver.publish('alert', '1');
      await receiver.publish('alert', '2');
      await until('both answers', () => acks.length === 2 && settled === 2);
      expect(receiver.counters.failed).toBe(0);
    });

    test('sends the will after a cut, and not after a polite end', async () => {
      const watcher = await connected('watcher');
      const got = await collect(watcher, 'presence/+');
      const will = (id: string) => ({ topic: `presence/${id}`, payload: `${id} is gone`, retain: true });
      const polite = await connected('polite', { will: will('polite') });
      await polite.close();
      await connected('cut', { will: will('cut') });
      rig.cut('cut');
      await until('the will', () => got.length > 0);
      expect(got).toEqual(['cut is gone']);
    });

    test('comes back by itself after a cut, with its subscriptions', async () => {
      const receiver = create('receiver');
      const sender = await connected('sender');
      const states: Connection['state'][] = [];
      const stop = receiver.onConnection(({ state }) => states.push(state));
      const got: string[] = [];
      const subscription = receiver.subscribe('a', (message) => void got.push(text(message)));
      receiver.connect();
      await subscription.granted();
      rig.cut('receiver');
      await until('the connection is back', () => receiver.counters.connections === 2);
      await subscription.granted();
      await sender.publish('a', 'after the cut');
      await until('the message', () => got.length === 1);
      expect(states).toEqual(['connected', 'disconnected', 'connected']);
      stop();
      rig.cut('receiver');
      await until('back again', () => receiver.counters.connections === 3);
      expect(states).toHaveLength(3);
    });

    test('without a connection a publish fails at once, waits, or ends at its deadline, as asked', async () => {
      const receiver = await connected('receiver');
      const got = await collect(receiver, 'a');
      const unavailable = { code: 'platform.broker-unavailable' };
      rig.refuse();
      await until('the connection is gone', () => !receiver.connected);
      const failing = receiver.publish('a', 'fails', { whenOffline: 'fail' });
      await expect(failing).rejects.toMatchObject(unavailable);
      await expect(receiver.publish('a', 'too late', { deadlineMs: 30 })).rejects.toMatchObject(unavailable);
      const waiting = ['first', 'second'].map((each) => receiver.publish('a', each, { deadlineMs: 15_000 }));
      rig.allow();
      await Promise.all(waiting);
      await receiver.publish('a', 'third');
      await until('the messages', () => got.includes('third'));
      expect(got.filter((each) => each !== 'first' && each !== 'second')).toEqual(['third']);
    });

    test('sends again what a cut left without acknowledgement, in order and with nothing lost', async () => {
      const receiver = await connected('receiver');
      const sender = await connected('sender', { maxInFlight: 8 });
      const got = await collect(receiver, 'a');
      const texts = Array.from({ length: 300 }, (_, index) => String(index));
      const sent = texts.map((each) => sender.publish('a', each, { deadlineMs: 20_000 }));
      await sent[20];
      rig.cut('sender');
      await Promise.all(sent);
      await until('the last message', () => got.includes('299'));
      // Once perhaps twice: without the repetitions it is what was sent.
      expect([...new Set(got)]).toEqual(texts);
      expect(sender.counters.connections).toBe(2);
    });

    test('takes a bounded number of messages that wait', async () => {
      const sender = create('sender', { maxWaiting: 2, maxInFlight: 1 });
      const waiting = [1, 2].map((n) => sender.publish('a', String(n)));
      await expect(sender.publish('a', '3')).rejects.toMatchObject({ code: 'platform.broker-busy' });
      sender.connect();
      await Promise.all(waiting);
      await sender.publish('a', '3');
      expect(sender.counters.published).toBe(3);
    });

    test('a persistent session holds what came while its client was away', async () => {
      const first = create('keeper', { cleanSession: false });
      const seen: string[] = [];
      const subscription = first.subscribe('a', (message) => void seen.push(text(message)));
      first.connect();
      await subscription.granted();
      await first.close();
      const sender = await connected('sender');
      const texts = Array.from({ length: 30 }, (_, index) => `while away ${index}`);
      for (const each of texts) await sender.publish('a', each);
      const again = create('keeper', { cleanSession: false });
      const got: string[] = [];
      const resumed: boolean[] = [];
      again.onConnection((state) => state.state === 'connected' && resumed.push(state.resumed));
      again.subscribe('a', (message) => void got.push(text(message)));
      again.connect();
      await until('what was held', () => got.length >= texts.length);
      expect(got).toEqual(texts);
      expect(resumed).toEqual([true]);
      expect(seen).toEqual([]);
    });

    test('what no handler had finished at the end comes again; what one had finished does not', async () => {
      const first = create('source', { cleanSession: false });
      const taken: string[] = [];
      let finish!: () => void;
      const gate = new Promise<void>((resolve) => (finish = resolve));
      const subscription = first.subscribe('a', async (message) => {
        taken.push(text(message));
        if (taken.length === 3) await gate;
      });
      first.connect();
      await subscription.granted();
      const sender = await connected('sender');
      for (const each of ['1', '2', '3', '4', '5']) await sender.publish('a', each);
      await until('the third is being handled', () => taken.length === 3);
      const closed = first.close();
      finish();
      await closed;
      expect(taken).toEqual(['1', '2', '3']);
      const next = create('source', { cleanSession: false });
      const got: string[] = [];
      next.subscribe('a', (message) => void got.push(text(message)));
      next.connect();
      await until('the rest', () => got.length >= 2);
      await sender.publish('a', '6');
      await until('the next message', () => got.includes('6'));
      expect(got).toEqual(['4', '5', '6']);
    });

    /** Takes what comes on `a`, and says of each that it is safe when the test says so. */
    async function take(transport: Transport) {
      const taken: { text: string; packet: number; safe(): void; lost(): void }[] = [];
      const subscription = transport.subscribe('a', (message) => {
        const safe = new Promise<void>((resolve, reject) => {
          const lost = () => reject(new Error('the disk is full'));
          taken.push({ text: text(message), packet: message.packet, safe: resolve, lost });
        });
        return { safe };
      });
      transport.connect();
      await subscription.granted();
      return taken;
    }
    async function publish(sender: Transport, texts: string[]) {
      for (const each of texts) await sender.publish('a', each);
    }
    /** What the broker still has for a client. */
    async function rest(clientId: string, sender: Transport) {
      const next = create(clientId, { cleanSession: false });
      const got: string[] = [];
      next.subscribe('a', (message) => void got.push(text(message)));
      next.connect();
      await until('the next client is connected', () => next.connected);
      await sender.publish('a', 'end');
      await until('the end', () => got.includes('end'));
      return got.slice(0, -1);
    }

    test('brings the next message when one is taken, and acknowledges in order what is safe', async () => {
      const first = create('taker', { cleanSession: false, handlerDeadlineMs: 20 });
      const taken = await take(first);
      const sender = await connected('sender');
      await publish(sender, ['1', '2', '3', '4', '5']);
      await until('all of them', () => taken.length === 5);
      for (const index of [1, 0, 3]) taken[index]!.safe();
      await first.close({ deadlineMs: 100 });
      expect(first.counters).toMatchObject({ received: 5, failed: 0, overdue: 0 });
      expect(await rest('taker', sender)).toEqual(['3', '4', '5']);
    });

    test('waits at the end for what was taken to become safe', async () => {
      const first = create('taker', { cleanSession: false });
      const taken = await take(first);
      const sender = await connected('sender');
      await publish(sender, ['1', '2']);
      await until('both', () => taken.length === 2);
      setTimeout(() => taken.forEach(({ safe }) => safe()), 50);
      await first.close();
      expect(await rest('taker', sender)).toEqual([]);
    });

    test('does not acknowledge what did not become safe, and goes on with the others', async () => {
      const problems: string[] = [];
      const receiver = create('taker', {
        cleanSession: false,
        onProblem: (failure) => problems.push(failure.message),
      });
      const taken = await take(receiver);
      const sender = await connected('sender');
      await publish(sender, ['1', '2', '3']);
      await until('all of them', () => taken.length === 3);
      taken[0]!.safe();
      taken[1]!.lost();
      taken[2]!.safe();
      await until('the loss is told', () => problems.length === 1);
      expect(problems[0]).toContain('the disk is full');
      expect(receiver.counters.failed).toBe(1);
      // On the same connection, so the acknowledgements before it have arrived when it has.
      await receiver.publish('other', 'x');
      rig.cut('taker');
      await until('it comes again', () => taken.length === 4);
      // By its number it is known to be the one that came before.
      expect(taken[3]!.packet).toBe(taken[1]!.packet);
      expect(new Set(taken.slice(0, 3).map(({ packet }) => packet)).size).toBe(3);
      expect(taken[0]!.packet).toBeGreaterThan(0);
      await publish(sender, ['4']);
      await until('the next', () => taken.length === 5);
      expect(taken.slice(3).map((each) => each.text)).toEqual(['2', '4']);
    });

    test('takes no more than it may hold, and after a cut the same again', async () => {
      const receiver = create('taker', { cleanSession: false, maxWaiting: 4 });
      const taken = await take(receiver);
      const sender = await connected('sender');
      const texts = Array.from({ length: 30 }, (_, index) => String(index));
      await publish(sender, texts);
      const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
      await until('four', () => taken.length === 4);
      await pause();
      expect(taken).toHaveLength(4);
      taken[1]!.safe();
      await pause();
      expect(taken).toHaveLength(5);
      taken.length = 0;
      rig.cut('taker');
      await until('four again', () => taken.length === 4);
      await pause();
      expect(taken.map((each) => each.text)).toEqual(texts.slice(0, 4));
      for (let index = 0; index < texts.length; index += 1) {
        await until(`message ${index}`, () => taken.length > index);
        taken[index]!.safe();
      }
      expect(taken.map((each) => each.text)).toEqual(texts);
      expect(receiver.counters.dropped).toBe(0);
    });

    test('spends no timer on a handler that ends at once, also by throwing', async () => {
      let made = 0;
      const after = (ms: number, run: () => void) => {
        made += 1;
        return realTimers.after(ms, run);
      };
      const receiver = await connected('receiver', { timers: { now: realTimers.now, after } });
      const sender = await connected('sender');
      const got: string[] = [];
      const subscription = receiver.subscribe('a', (message) => {
        got.push(text(message));
        if (got.length === 2) throw new Error('broken handler');
      });
      await subscription.granted();
      made = 0;
      await publish(sender, ['1', '2', '3']);
      await until('all of them', () => got.length === 3);
      expect(made).toBe(0);
      expect(receiver.counters).toMatchObject({ received: 3, failed: 1 });
    });

    test('a wrong password is told as a refusal, again and again', async () => {
      const intruder = create('intruder', { password: 'wine' });
      const reasons: string[] = [];
      intruder.onConnection((state) => state.state === 'disconnected' && reasons.push(state.reason.code));
      intruder.connect();
      await until('two attempts', () => reasons.length >= 2);
      expect(new Set(reasons)).toEqual(new Set(['platform.broker-refused']));
      expect(intruder.connected).toBe(false);
    });

    test('a second client with the same id ends the first connection', async () => {
      const first = create('twin', { reconnect: { baseMs: 600_000, capMs: 600_000 }, random: () => 1 });
      first.connect();
      await until('the first is connected', () => first.connected);
      await connected('twin');
      await until('the first is out', () => !first.connected);
    });

    test('a closed subscription gets nothing more, a closed transport sends nothing more', async () => {
      const receiver = await connected('receiver');
      const got: string[] = [];
      const subscription = receiver.subscribe('a', (message) => void got.push(text(message)));
      const other = await collect(receiver, 'a');
      await subscription.granted();
      await receiver.publish('a', '1');
      await until('the first message', () => got.length === 1 && other.length >= 1);
      await subscription.close();
      await receiver.publish('a', '2');
      await until('the second message', () => other.includes('2'));
      const late = await collect(receiver, 'a');
      await receiver.publish('a', 'late');
      await until('a message for who came later', () => late.includes('late'));
      expect(got).toEqual(['1']);
      const states: string[] = [];
      receiver.onConnection(({ state }) => states.push(state));
      await receiver.close();
      await receiver.close();
      expect(states).toEqual(['closed']);
      await expect(receiver.publish('a', '3')).rejects.toMatchObject({ code: 'platform.broker-unavailable' });
    });
  });
}
