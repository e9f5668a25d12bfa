import { test } from '@jest/globals';
import {
  findMosquitto,
  leftOut,
  startAedes,
  startMosquitto,
  type Broker,
} from '../../../test/kit/brokers.js';
import { startTcpProxy, type TcpProxy } from '../../../test/kit/tcp-proxy.js';
import { conforms, type Rig } from './conformance.js';
import { memoryHub, memoryTransport } from './memory.js';
import { mqttTransport } from './mqtt.js';
import type { Transport } from './port.js';

const users = { miller: 'water' };

/** Each client goes through a proxy of its own, so that it can be cut off alone. */
function rigOver(start: () => Promise<Broker>, urlOf: (port: number) => string, portOf: 'tcp' | 'ws') {
  return async (): Promise<Rig> => {
    const broker = await start();
    // More than any test has clients: a proxy must be there when a client is made.
    const spare: TcpProxy[] = await Promise.all(
      Array.from({ length: 5 }, () => startTcpProxy({ port: broker[portOf] })),
    );
    const proxies: TcpProxy[] = [...spare];
    const of = new Map<string, TcpProxy>();
    return {
      client(options): Transport {
        const proxy = spare.pop();
        if (!proxy) throw new Error('more clients than proxies');
        of.set(options.clientId, proxy);
        return mqttTransport({ url: urlOf(proxy.port), environment: {}, ...options });
      },
      cut: (clientId) => of.get(clientId)!.cut(),
      refuse: () => proxies.forEach((proxy) => proxy.refuse()),
      allow: () => proxies.forEach((proxy) => proxy.allow()),
      async close() {
        await Promise.all(proxies.map((proxy) => proxy.close()));
        await broker.close();
      },
    };
  };
}

conforms('memory', async () => {
  const hub = memoryHub({
    admits: ({ username, password }) => users[username as keyof typeof users] === password,
  });
  return {
    client: (options) => memoryTransport(hub, options),
    cut: (clientId) => hub.cut(clientId),
    refuse: () => hub.stop(),
    allow: () => hub.start(),
    close: async () => hub.stop(),
  };
});

const overTcp = (port: number) => `mqtt://127.0.0.1:${port}`;
const overWebSocket = (port: number) => `ws://127.0.0.1:${port}/mqtt`;

conforms(
  'aedes, TCP',
  rigOver(() => startAedes({ users }), overTcp, 'tcp'),
);
conforms(
  'aedes, WebSocket',
  rigOver(() => startAedes({ users }), overWebSocket, 'ws'),
);

if (findMosquitto()) {
  conforms(
    'Mosquitto, TCP',
    rigOver(() => startMosquitto({ users }), overTcp, 'tcp'),
  );
  conforms(
    'Mosquitto, WebSocket',
    rigOver(() => startMosquitto({ users }), overWebSocket, 'ws'),
  );
} else {
  leftOut('transport conformance over Mosquitto: no mosquitto on this machine');
  test.skip('transport over Mosquitto: no mosquitto on this machine', () => undefined);
}
