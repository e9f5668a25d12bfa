/**
 * `millrace up`: the director with all its services in this process, and with `demo` nodes around it.
 *
 * Guarantee: one line says that all is ready; a signal stops everything that was started, in reverse; after
 * kill -9 the next start finds its way. stdout carries the ready line and nothing else.
 */
import { mkdir } from 'node:fs/promises';
import { readConfig, startDirector, type Config } from '@millrace/director';
import { Failure } from '@millrace/schemas';
import type { Demo } from '../demo/demo.js';
import { print } from '../output/format.js';
import { paint, talk } from '../output/talk.js';
import { keepCredentials, openCredentials, type Credentials } from './credentials.js';
import { lockData } from './lock.js';
import { choosePorts, isFree, keepPorts } from './ports.js';

export interface UpOptions {
  demo: boolean;
  data?: string;
  port?: string;
  host?: string;
  json: boolean;
}

export async function up(options: UpOptions): Promise<void> {
  const told = stopSignal();
  const config = configOf(options);
  const ends: (() => Promise<unknown>)[] = [];
  try {
    await makeFolder(config.data);
    ends.push(await lockData(config.data));
    const ready = await start(config, options, told, ends);
    if (!told.aborted) {
      tellReady(ready, options);
      await once(told);
    }
    talk('stopping');
  } finally {
    for (const end of ends.reverse()) {
      await end().catch((error: unknown) => talk(`while stopping: ${String(error)}`));
    }
  }
}

interface Ready extends Credentials {
  url: string;
  demo?: Demo;
}

async function start(
  config: Config,
  options: UpOptions,
  signal: AbortSignal,
  ends: (() => Promise<unknown>)[],
): Promise<Ready> {
  const given = process.env.MILLRACE_MQTT_PORT ? config.mqttPort : undefined;
  const ports = await choosePorts(config.data, config.host, { port: config.port, mqttPort: given });
  if (!(await isFree(ports.port, config.host))) {
    throw new Failure(
      'platform.configuration',
      ports.port === 0
        ? `${config.host} is no address of this machine. Name one of its own with --host; 0.0.0.0 is all of them.`
        : `Port ${ports.port} of ${config.host} is taken, or may not be used. Choose another with --port; 0 picks a free one.`,
    );
  }
  talk('starting PostgreSQL, the queue, the object store, the MQTT broker and the director');
  const director = await startDirector(
    { ...config, ...ports },
    { keepFirstAdmin: (admin) => keepCredentials(config.data, admin) },
  );
  ends.push(() => director.close());
  const { url, mqttUrl } = director;
  await keepPorts(config.data, {
    port: Number(new URL(url).port) || ports.port,
    mqttPort: Number(new URL(mqttUrl).port) || ports.mqttPort,
  });
  const credentials = await openCredentials(config.data, url);
  if (!options.demo || signal.aborted) return { url, ...credentials };
  const { startDemo } = await import('../demo/demo.js');
  const demo = await startDemo({ url, mqttUrl, token: credentials.token, data: config.data, signal });
  ends.push(() => demo.stop());
  return { url, ...credentials, demo };
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
    throw new Failure(
      'platform.configuration',
      `The data folder ${path} cannot be made: ${cause.code === 'EEXIST' ? 'there is a file of that name' : cause.message}. ` +
        'Choose another with --data.',
      { cause },
    );
  });
}

function configOf(options: UpOptions): Config {
  const { env } = process;
  return readConfig({
    ...env,
    MILLRACE_DATA: options.data ?? env.MILLRACE_DATA,
    MILLRACE_PORT: options.port ?? env.MILLRACE_PORT,
    MILLRACE_HOST: options.host ?? env.MILLRACE_HOST,
    // A person reads this; what is no news stays out.
    MILLRACE_LOG_LEVEL: env.MILLRACE_LOG_LEVEL || 'warn',
  });
}

function tellReady({ url, email, password, token, demo }: Ready, { json }: UpOptions): void {
  if (json) print(JSON.stringify({ ready: true, url, email, password, token }));
  else {
    print(`Millrace is ready at ${paint(url, 'bold', process.stdout)}`);
    print(`  email     ${email}`);
    print(`  password  ${password}`);
    talk(`Its API is described at ${url}/v1/docs. From another terminal:`);
    talk(`  npx millrace login ${url} --email ${email} --password ${password}`);
    talk('  npx millrace alerts --follow');
  }
  demo?.says.forEach((line) => talk(line));
  talk('Ctrl-C stops it; all is kept.');
}

/** Aborted by the first signal; the second ends the process at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted && signal === 'SIGINT') process.exit(130);
      controller.abort(new Failure('platform.unavailable', 'Millrace is being stopped.'));
    });
  }
  return controller.signal;
}

const once = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    // A listener alone keeps no process alive; the director does.
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
