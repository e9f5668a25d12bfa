/** sink.mqtt as data. Browser-safe. */
import { defineKind } from '@millrace/flow';
import { z } from 'zod';
import { brokerSettings } from '../../sources/mqtt/broker.js';
import { Buffering, usualBuffer } from '../buffer/settings.js';

export const kind = defineKind({
  type: 'sink.mqtt',
  category: 'sink',
  title: 'MQTT',
  summary: 'Publishes records to a broker, and keeps them on disk while it is away.',
  docs: `Publishes each record as JSON, \`{"t": 1000, "pressure": 4.2}\`; a hole as \`{"gap": {...}}\`.

What the broker has not acknowledged within 20 ms is written to the flow's work folder and synced, in groups, and sent
when the broker is back, also after a restart. A message may arrive twice after a cut, as MQTT's QoS 1 has it. At
\`qos: 0\` a message counts as sent when it was written to the connection.

Counters: \`counted.made\` = \`counted.sent\` + \`counted.buffered\` + what was dropped, at every moment; \`counted.made\`
begins with what an earlier run left, which is \`counted.resumed\`. Dropped: \`buffer-full\`, \`too-old\`, \`unwritable\`.
\`counted.lost\` and \`counted.reconnects\` count connections. When a replayed file ends, the flow waits until all is sent
or nothing has moved for five seconds; the rest stays on disk for the next run.`,
  settings: z.object({
    ...brokerSettings,
    topic: z
      .string()
      .min(1)
      .max(65_535)
      .regex(/^[^+#\0]+$/, 'a topic to publish to has no wildcards')
      .describe('Topic to publish to.'),
    qos: z
      .union([z.literal(0), z.literal(1)])
      .default(1)
      .describe('1: until the broker acknowledges. 0: once, perhaps never.'),
    retain: z.boolean().default(false).describe('The broker keeps the last message for who comes later.'),
    buffer: Buffering.default(usualBuffer),
  }),
  inputs: 'many',
  outputs: [],
  example: { settings: { broker: 'mqtt://127.0.0.1:1883', topic: 'plant/alerts' } },
});

export type MqttSinkSettings = z.output<typeof kind.settings>;
