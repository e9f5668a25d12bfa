/**
 * A way through an HTTP proxy: an agent for `https` requests and secure WebSockets that asks the proxy of
 * HTTPS_PROXY for a tunnel (CONNECT) and speaks TLS with the real server through it.
 */
import { Agent } from 'node:https';
import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

/**
 * The proxy to use for a URL, after the environment's HTTPS_PROXY and NO_PROXY (either case). Only `https`
 * and `wss` go through it. NO_PROXY is a list of host names and `.suffixes`, or `*`.
 */
export function proxyFor(url: string, environment: NodeJS.ProcessEnv): URL | undefined {
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'wss:' && protocol !== 'https:') return undefined;
  const proxy = environment.HTTPS_PROXY ?? environment.https_proxy;
  if (!proxy) return undefined;
  const direct = (environment.NO_PROXY ?? environment.no_proxy ?? '').split(',').map((name) => name.trim());
  const excepted = direct.some(
    (name) =>
      name === '*' ||
      name === hostname ||
      (name !== '' && hostname.endsWith(`.${name.replace(/^\*?\./, '')}`)),
  );
  return excepted ? undefined : new URL(proxy);
}

/** Milliseconds that the proxy has to open the tunnel. */
const patienceMs = 10_000;

export class TunnelAgent extends Agent {
  constructor(private readonly proxy: URL) {
    super();
  }

  override createConnection(
    options: ConnectionOptions,
    done: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    const target = `${options.host}:${options.port}`;
    const { username, password } = this.proxy;
    const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    const asked = request({
      host: this.proxy.hostname,
      port: this.proxy.port || 80,
      method: 'CONNECT',
      path: target,
      headers: {
        host: target,
        ...(username && { 'proxy-authorization': `Basic ${login.toString('base64')}` }),
      },
      timeout: patienceMs,
    });
    const fail = (why: string) => {
      done(
        new Error(`the proxy ${this.proxy.host} opened no tunnel to ${target}: ${why}`),
        undefined as never,
      );
    };
    asked.once('connect', (response, socket) => {
      if (response.statusCode === 200) {
        socket.setTimeout(0);
        const servername = options.servername || options.host;
        done(null, connectTls({ ...options, socket, servername }));
      } else {
        socket.destroy();
        fail(`status ${response.statusCode}`);
      }
    });
    asked.once('timeout', () => asked.destroy(new Error(`no answer in ${patienceMs / 1000} s`)));
    asked.once('error', (error) => fail(error.message));
    asked.end();
  }
}
