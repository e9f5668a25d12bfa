/**
 * The channels between director and node: what each carries, which way, and how it is sent.
 *
 * Guarantee: nothing that does not fit a channel's schema is sent or reaches a handler; what comes in wrong
 * goes to `onInvalid` with a reason and is otherwise left alone. Signatures are not looked at here: the
 * broker is not trusted, and whoever acts on a message checks who made it.
 */
import {
  Ack,
  AlertMessage,
  channels,
  DesiredMessage,
  Failure,
  Metrics,
  Presence,
  Reply,
  ResultMessage,
  SignedCommand,
  SignedReport,
  topicOf,
  type Channel,
} from '@millrace/schemas';
import type { z } from 'zod';
import {
  MAX_PAYLOAD_BYTES,
  type Message,
  type PublishOptions,
  type QoS,
  type Subscription,
  type Transport,
} from './port.js';

interface ChannelRow {
  schema: z.ZodType;
  /** `down`: from the director to a node. */
  way: 'up' | 'down';
  qos: QoS;
  retain: boolean;
}

export const channelTable = {
  desired: { schema: DesiredMessage, way: 'down', qos: 1, retain: true },
  report: { schema: SignedReport, way: 'up', qos: 1, retain: false },
  presence: { schema: Presence, way: 'up', qos: 1, retain: true },
  metrics: { schema: Metrics, way: 'up', qos: 0, retain: false },
  alert: { schema: AlertMessage, way: 'up', qos: 1, retain: false },
  result: { schema: ResultMessage, way: 'up', qos: 1, retain: false },
  ack: { schema: Ack, way: 'down', qos: 1, retain: false },
  command: { schema: SignedCommand, way: 'down', qos: 1, retain: false },
  reply: { schema: Reply, way: 'up', qos: 1, retain: false },
} as const satisfies Record<Channel, ChannelRow>;

export type Payload<C extends Channel> = z.infer<(typeof channelTable)[C]['schema']>;

/** Whose branch. */
export interface Address {
  organization: string;
  node: string;
}

/** Where a message came from and how. */
export interface Origin extends Address {
  topic: string;
  retained: boolean;
  duplicate: boolean;
}

export interface InvalidMessage {
  channel: Channel;
  topic: string;
  /** `platform.message-invalid` or `platform.message-too-large`; its sentence names the fields. */
  reason: Failure;
}

/** The topic of one channel; an id that would change the shape of the topic is refused. */
export function channelTopic({ organization, node }: Address, channel: Channel): string {
  for (const id of [organization, node]) {
    if (id.length > 0 && !/[/+#\0]/.test(id)) continue;
    throw new Failure(
      'platform.invalid-request',
      `"${id}" can be no part of a topic: empty, or with / + # in it.`,
    );
  }
  return topicOf(organization, node, channel);
}

/** A filter for one channel; an organization or node that is left out means all. */
export function channelFilter(of: Partial<Address>, channel: Channel): string {
  const placeholder = 'all';
  const topic = channelTopic(
    { organization: of.organization ?? placeholder, node: of.node ?? placeholder },
    channel,
  ).split('/');
  if (of.organization === undefined) topic[2] = '+';
  if (of.node === undefined) topic[3] = '+';
  return topic.join('/');
}

/** Undefined for a topic that is no channel of this protocol's version. */
export function parseTopic(topic: string): (Address & { channel: Channel }) | undefined {
  const [root, version, organization, node, name, ...rest] = topic.split('/');
  const channel = channels.find((known) => known === name);
  if (root !== 'millrace' || version !== '1' || !organization || !node || !channel || rest.length > 0) {
    return undefined;
  }
  return { organization, node, channel };
}

/** Sends with the channel's own QoS and retain flag. Resolves when the broker has it. */
export async function publishTyped<C extends Channel>(
  transport: Transport,
  to: Address,
  channel: C,
  payload: Payload<C>,
  options: Pick<PublishOptions, 'deadlineMs' | 'whenOffline'> = {},
): Promise<void> {
  const topic = channelTopic(to, channel);
  const { schema, qos, retain } = channelTable[channel];
  const checked = schema.safeParse(payload);
  if (!checked.success) throw invalid(topic, checked.error);
  // The payload itself, not what the schema knows of it: signatures cover every field.
  await transport.publish(topic, JSON.stringify(payload), { qos, retain, ...options });
}

/** Takes a retained message of a channel off the broker, such as when a node is deleted. */
export function clearRetained(transport: Transport, of: Address, channel: Channel): Promise<void> {
  return transport.publish(channelTopic(of, channel), '', { qos: 1, retain: true });
}

/**
 * Handles the messages of one channel of a node, or of all nodes. A retained message that was cleared is not
 * handed over.
 */
export function subscribeTyped<C extends Channel>(
  transport: Transport,
  from: Partial<Address>,
  channel: C,
  handler: (payload: Payload<C>, origin: Origin) => void | Promise<void>,
  options: { onInvalid: (message: InvalidMessage) => void },
): Subscription {
  const { qos, retain } = channelTable[channel];
  return transport.subscribe(
    channelFilter(from, channel),
    async (message) => {
      const { topic, retained, duplicate } = message;
      const address = parseTopic(topic);
      if (!address || (retain && message.payload.length === 0)) return;
      const read = parseMessage(channel, message);
      if (read instanceof Failure) {
        options.onInvalid({ channel, topic, reason: read });
        return;
      }
      const { organization, node } = address;
      await handler(read.payload, { organization, node, topic, retained, duplicate });
    },
    { qos },
  );
}

function parseMessage<C extends Channel>(channel: C, message: Message): { payload: Payload<C> } | Failure {
  const { topic, payload } = message;
  if (payload.length > MAX_PAYLOAD_BYTES) {
    const detail = `A message on ${topic} has ${payload.length} bytes; at most ${MAX_PAYLOAD_BYTES} are read.`;
    return new Failure('platform.message-too-large', detail);
  }
  try {
    const json: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    const { schema }: { schema: z.ZodType } = channelTable[channel];
    const checked = schema.safeParse(json);
    // As it came, unknown fields included: signatures cover them too.
    return checked.success ? { payload: json as Payload<C> } : invalid(topic, checked.error);
  } catch (cause) {
    const detail = `A message on ${topic} is no JSON in UTF-8; nothing was done with it.`;
    return new Failure('platform.message-invalid', detail, { cause });
  }
}

function invalid(topic: string, error: z.ZodError): Failure {
  // Ten are enough to find a wrong message, and a hostile one must not fill a log.
  const errors = error.issues.slice(0, 10).map(({ path, message }) => ({
    pointer: `/${path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`,
    detail: message,
  }));
  const where = errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('; ');
  return new Failure(
    'platform.message-invalid',
    `A message on ${topic} does not fit its channel: ${where}.`,
    {
      errors,
    },
  );
}
