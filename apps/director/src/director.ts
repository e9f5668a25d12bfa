/**
 * The director: starts its services in the order in which they need each other, and ends them in reverse.
 * `millrace up` and the tests call it in process; main.ts is the same as a process of its own.
 */
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Failure } from '@millrace/schemas';
import { FirstStart, type FirstAdmin } from './access/first-start.js';
import { verifierOf } from './access/broker-access.js';
import { AppModule } from './app.module.js';
import { NodeLink } from './fleet/node-link.js';
import { Addresses } from './platform/addresses.js';
import { EmbeddedAccounts } from './platform/broker/accounts.js';
import { startBroker, type Broker } from './platform/broker/broker.js';
import { MosquittoAccounts } from './platform/broker/mosquitto-accounts.js';
import { systemClock, type Clock } from './platform/clock.js';
import type { Config } from './platform/config.js';
import { Database } from './platform/database/database.js';
import { assertMigrated, migrate } from './platform/database/migrate.js';
import { claim } from './platform/embedded/claim.js';
import { asUnreachable } from './platform/database/unreachable.js';
import { startPostgres } from './platform/embedded/postgres.js';
import { createApp } from './platform/http/app.js';
import { Live } from './platform/live/live.js';
import { LiveRelay } from './platform/live/relay.js';
import { createLog, type Log } from './platform/log.js';
import { loadMasterKey, type MasterKey } from './platform/master-key.js';
import { DiskStore } from './platform/objects/disk.js';
import { addObjectRoutes } from './platform/objects/route.js';
import { S3Store } from './platform/objects/s3.js';
import type { ObjectStore } from './platform/objects/store.js';
import type { Platform } from './platform/platform.module.js';
import { migrateQueue, postgresQueue, redisQueue } from './platform/queue/bull.js';

export interface Director {
  /** As browsers and nodes reach it. */
  url: string;
  /** MQTT over TCP. */
  mqttUrl: string;
  /** Only at the very first start: keep it, nobody can tell it again. */
  firstAdmin?: FirstAdmin;
  app: NestFastifyApplication;
  platform: Platform;
  close(): Promise<void>;
}

export interface StartOptions {
  clock?: Clock;
  /** Called before the first admin is committed: what it has kept is never lost by a crash in between. */
  keepFirstAdmin?: (admin: FirstAdmin) => Promise<void>;
  /** `http` answers requests, `jobs` works through the queue and listens to nodes; both unless told. */
  part?: 'http' | 'jobs';
}

export async function startDirector(config: Config, options: StartOptions = {}): Promise<Director> {
  const { clock = systemClock, keepFirstAdmin, part } = options;
  if (part !== undefined) assertShareable(config);
  const log = createLog(config.logLevel);
  const ends: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of ends.splice(0).reverse()) {
      await end().catch((error: unknown) => log.error({ err: error }, 'while closing'));
    }
  };
  try {
    await mkdir(config.data, { recursive: true, mode: 0o700 });
    const masterKey = await loadMasterKey(config);
    const addresses = new Addresses();

    const databaseUrl = await prepareDatabase(config, ends);
    const database = new Database({
      url: databaseUrl,
      connections: config.database.connections,
      onError: (error) => log.warn({ err: error }, 'a database connection was lost'),
    });
    ends.push(() => database.close());
    await reaching('DATABASE_URL', databaseUrl, assertMigrated(database.pool));

    const objects = await openObjects(config, masterKey, addresses, clock);
    ends.push(() => objects.close());
    const queue = config.redisUrl ? redisQueue(config.redisUrl, log) : postgresQueue(databaseUrl, log);
    ends.push(() => queue.close());
    const live = new Live(clock);
    if (part !== undefined) {
      const relay = new LiveRelay(databaseUrl, database.pool, live, log);
      ends.push(() => relay.close());
      await relay.start();
    }

    let broker: Broker | undefined;
    const mosquitto =
      config.mqtt && new MosquittoAccounts({ ...config.mqtt, masterKey: masterKey.bytes, log });
    if (mosquitto) ends.push(() => mosquitto.close());
    const accounts = mosquitto ?? new EmbeddedAccounts((node) => broker?.disconnect(node));

    const outside = { database, objects, queue, live, accounts };
    const platform: Platform = { config, log, clock, addresses, masterKey, ...outside };
    const app = await createApp(AppModule.of(platform), platform, (server) => {
      if (objects instanceof DiskStore) addObjectRoutes(server, objects, () => clock.now());
    });
    ends.push(() => app.close());
    const firstAdmin = await app.get(FirstStart).run(keepFirstAdmin);

    broker = config.mqtt ? undefined : await openBroker(config, app, log);
    ends.push(async () => broker?.close());
    if (part === 'jobs') await app.init();
    else await app.listen(config.port, config.host);
    broker?.attach(app.getHttpServer() as never);

    const port = (app.getHttpServer().address() as AddressInfo | null)?.port;
    addresses.publicUrl = config.publicUrl ?? `http://${hostIn(config.host)}:${port}`;
    if (config.mqtt) {
      addresses.mqttUrl = config.mqtt.publicUrl ?? config.mqtt.url;
      addresses.directorMqtt = config.mqtt;
    } else {
      addresses.mqttUrl = `mqtt://${new URL(addresses.publicUrl).hostname}:${broker?.port}`;
      addresses.mqttWebSocketUrl = `${addresses.publicUrl.replace(/^http/, 'ws')}/mqtt`;
      addresses.directorMqtt = { url: `mqtt://${hostIn(config.host)}:${broker?.port}`, ...broker?.director };
    }
    mosquitto?.start();
    app.get(NodeLink, { strict: false }).start({ deaf: part === 'http' });
    if (part !== 'http') await queue.start();
    return { url: addresses.publicUrl, mqttUrl: addresses.mqttUrl, firstAdmin, app, platform, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What two processes work on must lie outside of both. */
function assertShareable(config: Config): void {
  const missing = [
    ...(config.database.url ? [] : ['DATABASE_URL']),
    ...(config.mqtt ? [] : ['MQTT_URL']),
    ...(config.publicUrl ? [] : ['MILLRACE_PUBLIC_URL']),
  ];
  if (missing.length === 0) return;
  throw new Failure(
    'platform.configuration',
    `HTTP and jobs as two processes need what both can reach: set ${missing.join(', ')}.`,
  );
}

/** Embedded or real, migrated when we may. Returns the address for the role that owns nothing. */
async function prepareDatabase(config: Config, ends: (() => Promise<unknown>)[]): Promise<string> {
  let { url, ownerUrl } = config.database;
  if (!url) {
    const postgres = await startPostgres({ folder: join(config.data, 'postgres') });
    // Before it is ours to stop: somebody else may be using it.
    const release = await claim(postgres.ownerUrl, config.data);
    ends.push(() => postgres.stop(), release);
    ({ apiUrl: url, ownerUrl } = postgres);
  }
  if (ownerUrl) {
    const apiRole = decodeURIComponent(new URL(url).username);
    await reaching('DATABASE_OWNER_URL', ownerUrl, migrate(ownerUrl, apiRole));
    if (!config.redisUrl) await migrateQueue(ownerUrl, apiRole);
  }
  return url;
}

async function reaching<T>(variable: string, address: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw asUnreachable(variable, address, error);
  });
}

async function openObjects(
  config: Config,
  masterKey: MasterKey,
  addresses: Addresses,
  clock: Clock,
): Promise<ObjectStore> {
  const now = () => clock.now();
  if (config.s3) return new S3Store(config.s3, now);
  const store = new DiskStore(join(config.data, 'objects'), masterKey.bytes, () => addresses.publicUrl, now);
  await store.prepare();
  return store;
}

async function openBroker(config: Config, app: NestFastifyApplication, log: Log): Promise<Broker> {
  try {
    return await startBroker({ host: config.host, port: config.mqttPort, log, verify: verifierOf(app) });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new Failure(
      'platform.configuration',
      `Port ${config.mqttPort} for MQTT is taken. Set MILLRACE_MQTT_PORT to another one, 0 for any.`,
      { cause },
    );
  }
}

/** Everywhere is no address to go to. */
const hostIn = (host: string) =>
  ['0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
