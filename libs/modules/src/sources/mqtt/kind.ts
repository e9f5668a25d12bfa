/** source.mqtt as data. Browser-safe. */
import { anyColumns, defineKind } from '@millrace/flow';
import { z } from 'zod';
import { payloadSettings } from '../payload-settings.js';
import { Journaling } from '../../journal/settings.js';
import { brokerSettings } from './broker.js';
import { topicProblem } from './topic.js';

export const kind = defineKind({
  type: 'source.mqtt',
  category: 'source',
  title: 'MQTT',
  summary: 'Subscribes to topics of a broker and makes records of the messages.',
  docs: `One message is one record, or several: a JSON array of objects, or several lines of CSV.

| format | payload |
| --- | --- |
| json | an object: its fields are the record's. A number, string or boolean: the field \`value\` |
| csv | lines of \`columns\`, parted by commas |
| raw | text: a number where it reads as one, else a string, as the field \`value\` |

- **Time** is what \`timestamp\` names, else the moment of arrival.
- **Topics** may carry fields: with \`topicFields: plant/{line}/{tag}\` the topic \`plant/a/pressure\` gives the text field
  \`line: "a"\`, and \`{tag}\` names the field that the value goes to: \`pressure\`, instead of \`value\`. The value of a JSON
  object is then its \`value\`; its other fields stay. A topic of another form is counted (\`dropped.topic\`).
- **Sessions**: the client id is made of flow, module and node, and the session is kept by the broker, so a new version
  of the flow, or a restart, goes on with what the broker has kept (\`qos: 1\`). A message is acknowledged when it is in
  the flow. While the flow holds its sources back nothing is acknowledged, and the broker keeps what comes.
- Messages that wait together are read as one batch, up to 256 records, without any timer.
- What cannot be read is counted by reason (\`json\`, \`time\`, \`columns\`, \`topic\`, \`no-value\`, and \`object\` or \`list\` for
  a field that is none), the last error names the topic, and \`onError\` decides.
- A message may come twice after a cut, as MQTT's QoS 1 has it. Retained messages are read as any other.
- **Journal**: with \`journal: {}\` what comes is written to the disk before it is acknowledged, many messages with one
  fsync, and the flow gets it from there. After a kill or a power cut the flow goes on behind its saved state
  (\`counted.replayed\`), and what the broker sends again is known (\`counted.redelivered\`). At QoS 1 nothing is then
  lost and nothing doubled. \`counted.waiting\` is on the disk and not yet in the flow; a full journal takes nothing
  more, and the broker keeps what comes.

- **Without a journal** a kill loses what was taken behind the saved state, about a second's messages: they are counted
  at the next start (\`counted.unsaved\`).

Counters: bytes, \`counted.lost\` and \`counted.reconnects\` for connections; it reconnects for ever.`,
  settings: z.object({
    ...brokerSettings,
    topics: z
      .array(z.string().min(1).max(65_535))
      .min(1)
      .describe('Topics to subscribe to; + stands for one level and # for all below.'),
    qos: z
      .union([z.literal(0), z.literal(1)])
      .default(1)
      .describe('1: the broker sends again what was not acknowledged. 0: what is lost is lost.'),
    format: z.enum(['json', 'csv', 'raw']).default('json').describe('What a payload is; see the docs.'),
    ...payloadSettings,
    columns: z.array(z.string()).min(1).optional().describe('For `csv`: the columns of a line, in order.'),
    journal: Journaling.optional(),
    topicFields: z
      .string()
      .refine((text) => topicProblem(text) === null, {
        error: (issue) => topicProblem(String(issue.input)) ?? 'not a pattern of a topic',
      })
      .optional()
      .describe('Levels of the topic as fields, such as `plant/{line}/{tag}`; see the docs.'),
  }),
  inputs: 'none',
  outputs: ['out'],
  // The session has one owner: the old version lets go of it at the moment in which the new one takes it.
  sharing: 'shared',
  example: {
    settings: {
      broker: 'mqtt://127.0.0.1:1883',
      topics: ['plant/+/+'],
      topicFields: 'plant/{line}/{tag}',
      timestamp: { path: 'ts', unit: 'ms' },
    },
  },
  columns: () => anyColumns,
  check({ format, columns }) {
    return format === 'csv' && columns === undefined
      ? [{ pointer: '/columns', detail: 'the format csv needs the names of the columns' }]
      : [];
  },
});

export type MqttSourceSettings = z.output<typeof kind.settings>;
