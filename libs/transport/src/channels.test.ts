import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { channels, type AlertMessage } from '@millrace/schemas';
import {
  channelFilter,
  channelTable,
  channelTopic,
  clearRetained,
  parseTopic,
  publishTyped,
  subscribeTyped,
  type InvalidMessage,
  type Origin,
} from './channels.js';
import { until } from './conformance.js';
import { memoryHub, memoryTransport } from './memory.js';
import type { Transport } from './port.js';
import { matches } from './topics.js';

const address = { organization: 'acme', node: 'node-7' };
const alert: AlertMessage = {
  number: 1,
  flow: 'cooler',
  version: 3,
  module: 'alert',
  key: null,
  t: 1_700_000_000_000,
  change: 'raised',
  severity: 'high',
  message: 'the cooler fails',
  values: { temperature: 61.5, label: 'hot', hole: null },
};

describe('channels', () => {
  test('have a row, a topic and a filter each, and the topic can be read back', () => {
    for (const channel of channels) {
      const topic = channelTopic(address, channel);
      expect(parseTopic(topic)).toEqual({ ...address, channel });
      expect(matches(channelFilter(address, channel), topic)).toBe(true);
      expect(matches(channelFilter({ organization: 'acme' }, channel), topic)).toBe(true);
      expect(matches(channelFilter({}, channel), topic)).toBe(true);
      expect(matches(channelFilter({ organization: 'other' }, channel), topic)).toBe(false);
      expect(['up', 'down']).toContain(channelTable[channel].way);
    }
    for (const stranger of [
      'millrace/2/a/b/alert',
      'millrace/1/a/b/alert/x',
      'millrace/1//b/alert',
      'x',
      '',
    ]) {
      expect(parseTopic(stranger)).toBeUndefined();
    }
  });

  test('have no topic for an id that would lead to another branch', () => {
    for (const node of ['', 'a/b', '+', '#', 'x\0']) {
      expect(() => channelTopic({ organization: 'acme', node }, 'alert')).toThrow(
        expect.objectContaining({ code: 'platform.invalid-request' }),
      );
    }
  });
});

describe('a typed message', () => {
  let director: Transport;
  let node: Transport;
  let invalid: InvalidMessage[];
  const onInvalid = (message: InvalidMessage) => void invalid.push(message);

  beforeEach(async () => {
    const hub = memoryHub();
    director = memoryTransport(hub, { clientId: 'director' });
    node = memoryTransport(hub, { clientId: 'node-7' });
    director.connect();
    node.connect();
    invalid = [];
  });
  afterEach(async () => {
    await Promise.all([director.close(), node.close()]);
  });

  test('arrives whole, with its origin and with fields that this version does not know', async () => {
    const got: [AlertMessage, Origin][] = [];
    const handler = (payload: AlertMessage, origin: Origin) => void got.push([payload, origin]);
    await subscribeTyped(director, {}, 'alert', handler, { onInvalid }).granted();
    const newer = { ...alert, addedLater: { a: 1 } };
    await publishTyped(node, address, 'alert', newer);
    await publishTyped(node, address, 'alert', alert);
    await until('both', () => got.length === 2);
    expect(got.map(([payload]) => payload)).toEqual([newer, alert]);
    expect(got[0]![1]).toEqual({
      ...address,
      topic: 'millrace/1/acme/node-7/alert',
      retained: false,
      duplicate: false,
    });
    expect(invalid).toEqual([]);
  });

  test('that is wrong is not sent, and the sentence names the field', async () => {
    const wrong = { ...alert, severity: 'dreadful' } as unknown as AlertMessage;
    await expect(publishTyped(node, address, 'alert', wrong)).rejects.toMatchObject({
      code: 'platform.message-invalid',
      message: expect.stringContaining('/severity') as unknown,
    });
  });

  test('that comes in wrong goes to onInvalid, and the next good one is handled', async () => {
    const got: number[] = [];
    const handler = (payload: AlertMessage) => void got.push(payload.number);
    await subscribeTyped(director, {}, 'alert', handler, { onInvalid }).granted();
    const topic = channelTopic(address, 'alert');
    const hostile = [
      '',
      'not json',
      '{"number":1}',
      'null',
      `${'['.repeat(100_000)}`,
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      `{"__proto__":{"number":1},"number":${'9'.repeat(400)}}`,
      Buffer.from([0xff, 0xfe, 0x7b]),
    ];
    for (const payload of hostile) await node.publish(topic, payload);
    await publishTyped(node, address, 'alert', { ...alert, number: 9 });
    await until('the good one', () => got.length === 1);
    expect(got).toEqual([9]);
    expect(invalid).toHaveLength(hostile.length);
    for (const { reason } of invalid) expect(reason.code).toBe('platform.message-invalid');
    expect(director.counters.failed).toBe(0);
  });

  test('that is retained reaches a late reader, and a cleared one nobody', async () => {
    await publishTyped(node, address, 'presence', { state: 'online', at: 1 });
    const got: string[] = [];
    const seen = (payload: { state: string }) => void got.push(payload.state);
    await subscribeTyped(director, { organization: 'acme' }, 'presence', seen, { onInvalid }).granted();
    await until('the retained one', () => got.length === 1);
    await clearRetained(director, address, 'presence');
    await publishTyped(node, address, 'presence', { state: 'offline', at: 2 });
    await until('the next one', () => got.length === 2);
    expect(got).toEqual(['online', 'offline']);
    expect(invalid).toEqual([]);
  });
});
