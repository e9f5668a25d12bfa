/** act.mqtt as data. Browser-safe. */
import { defineKind } from '@millrace/flow';
import { z } from 'zod';
import { brokerSettings } from '../../sources/mqtt/broker.js';
import {
  ACT_PORTS,
  actColumns,
  actDocs,
  actExpressions,
  actProblems,
  actReads,
  actSettings,
} from '../settings.js';

export const kind = defineKind({
  type: 'act.mqtt',
  category: 'act',
  title: 'Act by MQTT',
  summary: 'Tells a machine what to do through a broker, when the row is fit to act on.',
  docs: `Publishes each row as JSON, \`{"t": 1000, "setpoint": 4.2}\`, a message each. While the broker is away a row fails at
once. The broker's word is that it has the message, not that the machine has. Messages are never retained, since a
machine that comes back would take an old command for a new one.
${actDocs}`,
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
      .describe('1: until the broker acknowledges, and perhaps twice. 0: once, perhaps never.'),
    ...actSettings,
  }),
  inputs: 'many',
  outputs: ACT_PORTS,
  example: {
    settings: {
      broker: 'mqtt://127.0.0.1:1883',
      topic: 'plant/pump/setpoint',
      maxRowAgeMs: 2000,
      minIntervalMs: 1000,
      dryRun: true,
    },
  },
  expressions: actExpressions,
  reads: actReads,
  columns: actColumns,
  check: actProblems,
});

export type MqttActSettings = z.output<typeof kind.settings>;
