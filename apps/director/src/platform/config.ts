/**
 * The configuration: every variable of the environment that the director reads, in one schema.
 *
 * Guarantee: a wrong value stops the start with a sentence that names the variable. A service whose variable is
 * absent is embedded, one that is set is the real one. docs/configuration.md is the same table for people.
 */
import { resolve } from 'node:path';
import { Failure } from '@millrace/schemas';
import { z } from 'zod';

const number = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const about = (description: string) => ({ description });

export const Variables = z.object({
  MILLRACE_DATA: z.string().default('.millrace').meta(about('Folder of everything that is embedded.')),
  MILLRACE_HOST: z.string().default('127.0.0.1').meta(about('Address to listen on, for HTTP and MQTT.')),
  MILLRACE_PORT: number(0, 65535).default(8080).meta(about('HTTP port; 0 picks a free one.')),
  MILLRACE_MQTT_PORT: number(0, 65535)
    .default(1883)
    .meta(about('Port of the embedded MQTT broker; 0 picks a free one. Unused with MQTT_URL.')),
  MILLRACE_PUBLIC_URL: z
    .url()
    .optional()
    .meta(about('How browsers and nodes reach the director; default: the address it listens on.')),
  MILLRACE_MASTER_KEY: z
    .base64url()
    .optional()
    .meta(about('32 bytes, base64url, that encrypt signing keys at rest; default: a file in MILLRACE_DATA.')),
  MILLRACE_MAX_BODY_BYTES: number(1_024, 1_073_741_824)
    .default(4_194_304)
    .meta(about('Largest body of a request; models travel in parts and do not count.')),
  MILLRACE_MAX_UPLOAD_BYTES: number(1_024, 5_497_558_138_880)
    .default(5_368_709_120)
    .meta(about('Largest file of the catalogue.')),
  MILLRACE_STORAGE_QUOTA_BYTES: number(1_024, Number.MAX_SAFE_INTEGER)
    .default(107_374_182_400)
    .meta(about('What all files of an organization may take together, uploads under way included.')),
  MILLRACE_MAX_TEST_FILE_BYTES: number(1_024, 1_073_741_824)
    .default(67_108_864)
    .meta(about('Largest file that a test run may read.')),
  MILLRACE_TEST_FILES_QUOTA_BYTES: number(1_024, Number.MAX_SAFE_INTEGER)
    .default(1_073_741_824)
    .meta(about('What the test files of an organization may take together; each is kept for a day.')),
  MILLRACE_TEST_RUN_MEMORY_MB: number(64, 65_536)
    .default(256)
    .meta(about('Heap of the process of a test run, in MiB; in all it may take twice as much.')),
  MILLRACE_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .meta(about('What is logged, as JSON lines on stderr.')),
  MILLRACE_JOBS: z
    .enum(['here', 'elsewhere'])
    .default('here')
    .meta(
      about(
        'Whether this process also works through the queue and listens to nodes; `elsewhere`: jobs.js does, on the same services.',
      ),
    ),
  DATABASE_URL: z
    .url()
    .optional()
    .meta(
      about(
        'PostgreSQL 15 or newer, as a role that owns nothing and cannot bypass row-level security; absent: embedded.',
      ),
    ),
  DATABASE_OWNER_URL: z
    .url()
    .optional()
    .meta(
      about('The same database as the role that owns the tables: migrates at start. Absent: only checks.'),
    ),
  DATABASE_CONNECTIONS: number(2, 500).default(20).meta(about('Connections to PostgreSQL at most.')),
  REDIS_URL: z.url().optional().meta(about('Redis for the job queue; absent: the queue lies in PostgreSQL.')),
  S3_BUCKET: z
    .string()
    .optional()
    .meta(about('Bucket for models and scripts; absent: a folder in MILLRACE_DATA with signed links.')),
  S3_ENDPOINT: z.url().optional().meta(about("Address of the S3 service; absent: Amazon's.")),
  S3_PUBLIC_ENDPOINT: z
    .url()
    .optional()
    .meta(about('The same as nodes and browsers reach it, for signed links; default: S3_ENDPOINT.')),
  S3_REGION: z.string().default('us-east-1').meta(about('Region of the bucket.')),
  S3_ACCESS_KEY_ID: z
    .string()
    .optional()
    .meta(about("Credential for S3; absent: what Amazon's chain finds.")),
  S3_SECRET_ACCESS_KEY: z.string().optional().meta(about('Secret of S3_ACCESS_KEY_ID.')),
  S3_FORCE_PATH_STYLE: flag
    .default(false)
    .meta(about('`true` where buckets are folders of one host, as with MinIO.')),
  MQTT_URL: z
    .url()
    .optional()
    .meta(
      about(
        'Mosquitto 2 with its dynamic-security plugin (mqtt, mqtts, ws, wss); absent: embedded, on MILLRACE_MQTT_PORT and /mqtt.',
      ),
    ),
  MQTT_PUBLIC_URL: z.url().optional().meta(about('The same as nodes reach it; default: MQTT_URL.')),
  MQTT_USERNAME: z
    .string()
    .optional()
    .meta(about("The director's own name at MQTT_URL: the admin of its dynamic security.")),
  MQTT_PASSWORD: z.string().optional().meta(about('Password of MQTT_USERNAME.')),
});

type Values = z.infer<typeof Variables>;

export interface Config {
  data: string;
  host: string;
  port: number;
  mqttPort: number;
  publicUrl?: string;
  masterKey?: string;
  maxBodyBytes: number;
  maxUploadBytes: number;
  storageQuotaBytes: number;
  maxTestFileBytes: number;
  testFilesQuotaBytes: number;
  testRunMemoryMb: number;
  logLevel: Values['MILLRACE_LOG_LEVEL'];
  jobs: Values['MILLRACE_JOBS'];
  database: { url?: string; ownerUrl?: string; connections: number };
  redisUrl?: string;
  s3?: S3Config;
  mqtt?: { url: string; publicUrl?: string; username?: string; password?: string };
}

export interface S3Config {
  bucket: string;
  endpoint?: string;
  publicEndpoint?: string;
  region: string;
  credentials?: { accessKeyId: string; secretAccessKey: string };
  forcePathStyle: boolean;
}

/** An empty variable counts as absent, as docker compose passes it. */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  const set = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  const result = Variables.safeParse(Object.fromEntries(set));
  if (!result.success) {
    const errors = result.error.issues.map((issue) => ({
      field: issue.path.join('.'),
      detail: issue.message,
    }));
    const all = errors.map((error) => `${error.field}: ${error.detail}`).join('; ');
    throw new Failure(
      'platform.configuration',
      `The environment is not valid. ${all}. See docs/configuration.md.`,
      {
        errors,
      },
    );
  }
  return shaped(result.data);
}

function shaped(values: Values): Config {
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = values;
  if (values.MILLRACE_MASTER_KEY && Buffer.from(values.MILLRACE_MASTER_KEY, 'base64url').length !== 32) {
    throw new Failure('platform.configuration', 'MILLRACE_MASTER_KEY must be 32 bytes in base64url.');
  }
  return {
    data: resolve(values.MILLRACE_DATA),
    host: values.MILLRACE_HOST,
    port: values.MILLRACE_PORT,
    mqttPort: values.MILLRACE_MQTT_PORT,
    publicUrl: values.MILLRACE_PUBLIC_URL?.replace(/\/+$/, ''),
    masterKey: values.MILLRACE_MASTER_KEY,
    maxBodyBytes: values.MILLRACE_MAX_BODY_BYTES,
    maxUploadBytes: values.MILLRACE_MAX_UPLOAD_BYTES,
    storageQuotaBytes: values.MILLRACE_STORAGE_QUOTA_BYTES,
    maxTestFileBytes: values.MILLRACE_MAX_TEST_FILE_BYTES,
    testFilesQuotaBytes: values.MILLRACE_TEST_FILES_QUOTA_BYTES,
    testRunMemoryMb: values.MILLRACE_TEST_RUN_MEMORY_MB,
    logLevel: values.MILLRACE_LOG_LEVEL,
    jobs: values.MILLRACE_JOBS,
    database: {
      url: values.DATABASE_URL,
      ownerUrl: values.DATABASE_OWNER_URL,
      connections: values.DATABASE_CONNECTIONS,
    },
    redisUrl: values.REDIS_URL,
    s3: values.S3_BUCKET
      ? {
          bucket: values.S3_BUCKET,
          endpoint: values.S3_ENDPOINT,
          publicEndpoint: values.S3_PUBLIC_ENDPOINT,
          region: values.S3_REGION,
          credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined,
          forcePathStyle: values.S3_FORCE_PATH_STYLE,
        }
      : undefined,
    mqtt: values.MQTT_URL
      ? {
          url: values.MQTT_URL,
          publicUrl: values.MQTT_PUBLIC_URL,
          username: values.MQTT_USERNAME,
          password: values.MQTT_PASSWORD,
        }
      : undefined,
  };
}

/** The table of docs/configuration.md. */
export function configurationTable(): string {
  const rows = Object.entries(Variables.shape).map(([name, schema]) => {
    const standard = schema instanceof z.ZodDefault ? `\`${String(schema.def.defaultValue)}\`` : '';
    return `| \`${name}\` | ${standard} | ${schema.meta()?.description ?? ''} |`;
  });
  return ['| variable | default | what it does |', '| --- | --- | --- |', ...rows].join('\n');
}
