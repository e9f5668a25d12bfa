/** act.mqtt: rows that may act, as messages. */
import type { Create } from '@millrace/engine';
import type { Transport } from '@millrace/transport';
import { openLink } from '../../sources/mqtt/link.js';
import { Actor } from '../actor.js';
import type { MqttActSettings } from './kind.js';

/** For the broker's word on the last message. */
const CLOSE_MS = 1000;
/** A flow that has just started gives its first connection a moment. */
const FIRST_MS = 2000;

export const create: Create<MqttActSettings> = (context) => {
  const { topic, qos } = context.settings;
  let link: Transport | undefined;
  let tried: Promise<void> | undefined;
  const open = (): Transport => {
    if (link !== undefined) return link;
    const opened = (link = openLink(context, { cleanSession: true }));
    tried = new Promise((resolve) => {
      const give = setTimeout(resolve, FIRST_MS);
      opened.onConnection(() => {
        clearTimeout(give);
        resolve();
      });
    });
    opened.connect();
    return opened;
  };
  return new Actor(context, {
    open: () => void open(),
    async send(body, deadlineMs) {
      const began = context.clock.monotonic();
      const opened = open();
      if (!opened.connected)
        await Promise.race([tried, new Promise((resolve) => setTimeout(resolve, deadlineMs).unref())]);
      const left = Math.max(1, deadlineMs - Math.ceil(context.clock.monotonic() - began));
      await opened.publish(topic, body, { qos, deadlineMs: left, whenOffline: 'fail' });
    },
    close: async () => link?.close({ deadlineMs: CLOSE_MS }),
  });
};
