/** The settings that every MQTT module takes to reach its broker. Browser-safe. */
import { z } from 'zod';

export const brokerSettings = {
  broker: z
    .string()
    .regex(/^(mqtts?|wss?):\/\/[^\s]+$/, 'a broker is mqtt://host:1883, mqtts://, ws:// or wss://')
    .describe('Address of the broker: mqtt://, mqtts://, ws:// or wss://, host and port.'),
  username: z.string().optional().describe('Who the flow is to the broker.'),
  password: z.string().optional().describe('Its password; a parameter of the type secret.'),
  tls: z
    .strictObject({
      ca: z
        .string()
        .optional()
        .describe("File of the authority's certificates (PEM), when it is not a public one."),
      cert: z.string().optional().describe("File of the flow's own certificate (PEM)."),
      key: z.string().optional().describe('File of its key (PEM).'),
      verify: z
        .boolean()
        .default(true)
        .describe("Check the broker's certificate. Turn it off only to try something."),
    })
    .optional()
    .describe('For mqtts:// and wss://.'),
  clientId: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe(
      'Name of the session at the broker. When absent: made of flow, module and node, and kept over versions.',
    ),
};

export interface BrokerSettings {
  broker: string;
  username?: string;
  password?: string;
  tls?: { ca?: string; cert?: string; key?: string; verify: boolean };
  clientId?: string;
}
