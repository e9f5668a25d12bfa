/**
 * A bad network: a TCP proxy on loopback whose connections can be cut, refused and frozen.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface TcpProxy {
  port: number;
  /** Connections made since the start. */
  readonly connections: number;
  /** Resets every connection; new ones go through. */
  cut(): void;
  /** Resets every connection and every new one, until `allow`. */
  refuse(): void;
  /** Lets no byte through either way and closes nothing, until `allow`: a cable that was pulled. */
  freeze(): void;
  /** What the client says is lost, what it is told goes through, until it connects anew. */
  mute(): void;
  allow(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(target: { host?: string; port: number }): Promise<TcpProxy> {
  const pairs = new Set<[Socket, Socket]>();
  let mode: 'allow' | 'refuse' | 'freeze' = 'allow';
  let connections = 0;

  const server = createServer((near) => {
    near.on('error', () => undefined);
    if (mode === 'refuse') {
      near.resetAndDestroy();
      return;
    }
    connections += 1;
    const far = connect(target.port, target.host ?? '127.0.0.1');
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    far.on('error', () => undefined);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on('close', () => {
        to.destroy();
        pairs.delete(pair);
      });
    }
    if (mode === 'allow') join(pair);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  function join([near, far]: [Socket, Socket]) {
    near.pipe(far);
    far.pipe(near);
  }
  function cut() {
    for (const [near, far] of pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    cut,
    refuse() {
      mode = 'refuse';
      cut();
    },
    freeze() {
      mode = 'freeze';
      for (const [near, far] of pairs) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
    },
    mute() {
      for (const [near, far] of pairs) near.unpipe(far).resume();
    },
    allow() {
      if (mode === 'freeze') for (const pair of pairs) join(pair);
      mode = 'allow';
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
