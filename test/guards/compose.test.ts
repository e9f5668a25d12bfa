/**
 * docker-compose.yml against the code, without a container engine: every variable is one that the process reads and
 * all that it needs is there, addresses lead to services and their ports, files and entry points exist.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readConfig as readAgentConfig, Variables as AgentVariables } from '../../apps/agent/src/config.js';
import { readConfig, Variables } from '../../apps/director/src/platform/config.js';
import { read, root } from '../kit/sources.js';

interface Service {
  image?: string;
  build?: { context: string; dockerfile: string };
  command?: string[];
  environment?: Record<string, string>;
  depends_on?: string[] | Record<string, unknown>;
  ports?: string[];
  volumes?: string[];
}
interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

/** What .env says in this test. */
const ENV: Record<string, string> = {
  MILLRACE_ADDRESS: 'plant.example.org',
  MILLRACE_SECRET: '0123456789abcdef',
  MILLRACE_TOKEN: 'mrj_token',
};
const text = read('docker-compose.yml');
const compose = load(text);

/** As `docker compose config` reads it: anchors merged, `${NAME}`, `${NAME:-other}` and `${NAME:?why}` filled in. */
function load(source: string): Compose {
  const filled = source.replaceAll(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_, name: string, kind: string | undefined, rest = '') => ENV[name] ?? (kind === '-' ? String(rest) : ''),
  );
  return parse(filled, { merge: true }) as Compose;
}

/** The processes of ours, with the variables that each may have. */
const READS = {
  director: Object.keys(Variables.shape),
  jobs: Object.keys(Variables.shape),
  agent: Object.keys(AgentVariables.shape),
};
/** Real services, and nothing embedded in a container. */
const NEEDED = {
  director: [
    'MILLRACE_PUBLIC_URL',
    'MILLRACE_JOBS',
    'DATABASE_URL',
    'DATABASE_OWNER_URL',
    'REDIS_URL',
    'S3_BUCKET',
  ],
  jobs: ['MILLRACE_PUBLIC_URL', 'DATABASE_URL', 'REDIS_URL', 'S3_BUCKET', 'MQTT_URL', 'MQTT_PASSWORD'],
  agent: ['MILLRACE_URL', 'MILLRACE_TOKEN'],
};
/** Where each service listens; held against its own configuration below. */
const PORTS: Record<string, number> = {
  postgres: 5432,
  redis: 6379,
  mosquitto: 1883,
  s3: 9000,
  director: 8080,
};

function variableFaults({ services }: Compose): string[] {
  return (Object.keys(READS) as (keyof typeof READS)[]).flatMap((name) => {
    const environment = services[name]?.environment ?? {};
    return [
      ...Object.keys(environment)
        .filter((variable) => !READS[name].includes(variable))
        .map((variable) => `${name} does not read ${variable}`),
      ...NEEDED[name]
        .filter((variable) => !environment[variable])
        .map((variable) => `${name} lacks ${variable}`),
      ...Object.entries(environment).flatMap(([variable, value]) =>
        typeof value === 'string' ? [] : [`${name}: ${variable} is no text, quote it`],
      ),
    ];
  });
}

/** Addresses in variables, and published ports. */
function addressFaults({ services }: Compose): string[] {
  return Object.entries(services).flatMap(([name, service]) => [
    ...Object.entries(service.environment ?? {}).flatMap(([variable, value]) => {
      if (!/^[a-z0-9]+:\/\//.test(value)) return [];
      const { hostname, port } = new URL(value);
      const outside = hostname === ENV.MILLRACE_ADDRESS;
      const known = outside
        ? Object.values(services).some(({ ports = [] }) => ports.some((one) => one.startsWith(`${port}:`)))
        : hostname in services && PORTS[hostname] === Number(port);
      return known ? [] : [`${name}: ${variable} leads to ${hostname}:${port}, where nobody listens`];
    }),
    ...(service.ports ?? [])
      .filter((port) => Number(port.split(':').at(-1)) !== PORTS[name])
      .map((port) => `${name} publishes ${port}, and listens on ${PORTS[name]}`),
  ]);
}

function referenceFaults({ services, volumes }: Compose): string[] {
  return Object.entries(services).flatMap(([name, service]) => {
    const needs = service.depends_on ?? [];
    const files = (service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '');
    return [
      ...(Array.isArray(needs) ? needs : Object.keys(needs))
        .filter((other) => !(other in services))
        .map((other) => `${name} waits for ${other}, which is no service`),
      ...files
        .filter((file) => (file.startsWith('.') ? !existsSync(join(root, file)) : !(file in volumes)))
        .map((file) => `${name} mounts ${file}, which is not there`),
      ...(service.build && !existsSync(join(root, service.build.dockerfile))
        ? [`${name} is built by ${service.build.dockerfile}, which is not there`]
        : []),
      ...(/:latest$|^[^:]+$/.test(service.image ?? 'x:1') && !service.build
        ? [`${name} names no version`]
        : []),
    ];
  });
}

/** Entry points of built code, in commands of images and services. */
function entryFaults(...sources: string[]): string[] {
  return sources
    .flatMap((source) => [...source.matchAll(/apps\/\w+\/dist\/\w+\.js/g)].map(([entry]) => entry))
    .filter((entry) => !existsSync(join(root, entry.replace('/dist/', '/src/').replace(/\.js$/, '.ts'))));
}

/** Variables that a script takes from its service. */
function scriptFaults(service: Service | undefined, script: string): string[] {
  const own = [...script.matchAll(/^(\w+)=/gm)].map(([, name]) => name);
  const used = [...script.matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name = '']) => name);
  return used.filter((name) => !own.includes(name) && !(name in (service?.environment ?? {})));
}

it('every variable is one that its process reads, and none is missing', () => {
  expect(variableFaults(compose)).toEqual([]);
});

it('director, jobs and agent start with these variables, on nothing embedded', () => {
  const config = readConfig(compose.services.director?.environment);
  expect(config).toMatchObject({ host: '0.0.0.0', port: PORTS.director, jobs: 'elsewhere' });
  for (const part of [config.database.url, config.redisUrl, config.s3, config.mqtt, config.publicUrl]) {
    expect(part).toBeDefined();
  }
  expect(readConfig(compose.services.jobs?.environment)).toEqual(config);
  expect(readAgentConfig(compose.services.agent?.environment).join).toEqual({
    url: 'http://director:8080',
    token: ENV.MILLRACE_TOKEN,
    name: 'agent',
  });
});

it('addresses lead to services and to their ports', () => {
  expect(addressFaults(compose)).toEqual([]);
  expect(read('docker/mosquitto/mosquitto.conf')).toContain(`listener ${PORTS.mosquitto}\n`);
  expect(read('docker/director.Dockerfile')).toContain(`EXPOSE ${PORTS.director}\n`);
});

it('services, volumes, files and entry points are there', () => {
  expect(referenceFaults(compose)).toEqual([]);
  const images = ['docker/director.Dockerfile', 'docker/agent.Dockerfile'].map(read);
  expect(entryFaults(text, ...images)).toEqual([]);
  for (const image of images) expect(image).toMatch(/\nUSER node\n/);
  expect(scriptFaults(compose.services.postgres, read('docker/postgres/roles.sh'))).toEqual([]);
  expect(scriptFaults(compose.services.mosquitto, read('docker/mosquitto/start.sh'))).toEqual([]);
});

it('the databases, buckets and names of both ends are the same', () => {
  const { director, bucket, mosquitto, s3 } = compose.services;
  const roles = read('docker/postgres/roles.sh');
  for (const variable of ['DATABASE_URL', 'DATABASE_OWNER_URL']) {
    const { username, pathname } = new URL(director?.environment?.[variable] ?? '');
    expect(roles).toContain(`CREATE ROLE ${username} `);
    expect(roles).toContain(`CREATE DATABASE ${pathname.slice(1)} `);
  }
  expect(bucket?.command?.at(-1)).toBe(`s3/${director?.environment?.S3_BUCKET}`);
  expect(s3?.environment?.MINIO_ROOT_USER).toBe(director?.environment?.S3_ACCESS_KEY_ID);
  expect(mosquitto?.environment?.MQTT_ADMIN).toBe(director?.environment?.MQTT_USERNAME);
});

it('what is wrong is found', () => {
  const wrong = load(
    text
      .replaceAll('REDIS_URL:', 'REDIS_URI:')
      .replace('@postgres:5432', '@postgre:5432')
      .replaceAll('mqtt://mosquitto:1883', 'mqtt://mosquitto:1884')
      .replace("'9000:9000'", "'9000:9001'")
      .replaceAll('./docker/postgres/roles.sh:', './docker/postgres/gone.sh:')
      .replace('depends_on: [s3]', 'depends_on: [s4]')
      .replace('postgres:17', 'postgres')
      .replace("MILLRACE_PORT: '8080'", 'MILLRACE_PORT: 8080'),
  );
  expect(new Set(variableFaults(wrong).map((fault) => fault.replace('jobs', 'director')))).toEqual(
    new Set([
      'director does not read REDIS_URI',
      'director lacks REDIS_URL',
      'director: MILLRACE_PORT is no text, quote it',
    ]),
  );
  expect(addressFaults(wrong)).toEqual(
    expect.arrayContaining([
      'director: DATABASE_URL leads to postgre:5432, where nobody listens',
      'jobs: MQTT_URL leads to mosquitto:1884, where nobody listens',
      's3 publishes 9000:9001, and listens on 9000',
    ]),
  );
  expect(referenceFaults(wrong)).toEqual([
    'postgres mounts ./docker/postgres/gone.sh, which is not there',
    'postgres names no version',
    'bucket waits for s4, which is no service',
  ]);
  expect(entryFaults('CMD apps/director/dist/gone.js')).toEqual(['apps/director/dist/gone.js']);
  expect(scriptFaults({ environment: {} }, 'a=1\necho "$a" "$GONE"')).toEqual(['GONE']);
});
