/**
 * A module's own connection to a broker.
 *
 * Guarantee: the session is named by flow, module and node, so a new version of the flow takes it over and two
 * nodes never share one; reconnecting goes on for ever, with jitter; every change of state is logged and
 * counted once.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ModuleContext } from '@millrace/engine';
import { Failure } from '@millrace/schemas';
import { mqttTransport, type Transport } from '@millrace/transport';
import type { BrokerSettings } from './broker.js';

export interface LinkOptions {
  /** False: the broker keeps subscriptions and unacknowledged messages while the flow is away. */
  cleanSession: boolean;
  maxInFlight?: number;
  maxWaiting?: number;
}

export function openLink(context: ModuleContext<BrokerSettings>, options: LinkOptions): Transport {
  const { broker, username, password, tls } = context.settings;
  const transport = mqttTransport({
    url: broker,
    clientId: clientIdOf(context),
    username,
    password,
    tls: tls && {
      ca: pem(context, tls.ca),
      cert: pem(context, tls.cert),
      key: pem(context, tls.key),
      rejectUnauthorized: tls.verify,
    },
    // A handler waits as long as the flow holds its sources back.
    handlerDeadlineMs: Infinity,
    onProblem: (failure) => context.log('error', failure.message),
    ...options,
  });
  tellState(context, transport);
  return transport;
}

export function clientIdOf({ settings, host, id }: ModuleContext<BrokerSettings>): string {
  if (settings.clientId !== undefined) return settings.clientId;
  const place = createHash('sha256').update(`${hostname()}\n${host.workFolder}`).digest('hex').slice(0, 10);
  return `millrace-${host.flow.name}-${id}-${place}`;
}

function tellState(context: ModuleContext<BrokerSettings>, transport: Transport): void {
  const { broker } = context.settings;
  let up = false;
  let told = '';
  let connections = 0;
  transport.onConnection((connection) => {
    if (connection.state === 'connected') {
      up = true;
      told = '';
      if (connections++ > 0) context.count('reconnects');
      context.log('info', `connected to ${broker}${connection.resumed ? ', session resumed' : ''}`);
    } else if (connection.state === 'disconnected') {
      if (up) context.count('lost');
      up = false;
      // A broker that is away for a day says so once, and once more when the reason changes.
      if (connection.reason.message === told) return;
      told = connection.reason.message;
      context.log('warn', `not connected to ${broker}: ${told} It is tried again for ever.`);
    }
  });
}

function pem(context: ModuleContext<BrokerSettings>, file: string | undefined): Buffer | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(context.host.path(file));
  } catch (error) {
    if (error instanceof Failure) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new Failure('engine.file-unreadable', `${context.id}: the file ${file} cannot be read: ${why}.`, {
      cause: error,
    });
  }
}
