/**
 * The configuration of the agent: every variable of the environment that it reads, in one schema.
 *
 * Guarantee: a wrong value stops the start with a sentence that names the variable. What the director decides
 * (which flows run, with which models) is never here. docs/configuration-agent.md is the same table for people.
 */
import { delimiter, resolve } from 'node:path';
import { Failure } from '@millrace/schemas';
import { z } from 'zod';

const number = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
const about = (description: string) => ({ description });

export const Variables = z.object({
  MILLRACE_URL: z.url().optional().meta(about('Address of the director; needed to enrol, kept afterwards.')),
  MILLRACE_TOKEN: z
    .string()
    .optional()
    .meta(about('Join token; used once, when the node has no identity yet.')),
  MILLRACE_NAME: z.string().optional().meta(about('Name that the node enrols with; default: its host name.')),
  MILLRACE_DATA: z
    .string()
    .default('.millrace-agent')
    .meta(about('Folder of identity, flows, models and the outbox.')),
  MILLRACE_POLL_MS: number(100, 86_400_000)
    .default(30_000)
    .meta(about('Milliseconds between two questions over HTTPS; ten times that while MQTT works.')),
  MILLRACE_PATHS: z
    .string()
    .optional()
    .meta(about(`Folders, with \`${delimiter}\` between them, below which flows may use absolute paths.`)),
  MILLRACE_BLOB_BYTES: number(1_048_576, 2 ** 50)
    .default(20 * 1024 ** 3)
    .meta(about('Most bytes that models and other resources may take on the disk.')),
  MILLRACE_OUTBOX_BYTES: number(65_536, 2 ** 40)
    .default(256 * 1024 ** 2)
    .meta(about('Most bytes that wait for the director, for alerts and for results each.')),
  MILLRACE_OUTBOX_DAYS: number(1, 3650)
    .default(30)
    .meta(about('Days after which what waits for the director is dropped, and counted.')),
  MILLRACE_FLOW_MEMORY_MB: number(64, 1_048_576)
    .optional()
    .meta(about('JavaScript heap that one flow may take; absent: what Node.js chooses.')),
  MILLRACE_PYTHON: z
    .string()
    .optional()
    .meta(about('Python 3 that runtimes are built with; default: on PATH.')),
  MILLRACE_PYTHON2: z.string().optional().meta(about('Python 2.7, for scripts that need it; likewise.')),
  MILLRACE_NODE: z
    .string()
    .optional()
    .meta(about('Node.js for scripts; default: the one that runs the agent.')),
  MILLRACE_RSCRIPT: z.string().optional().meta(about('Rscript; default: on PATH.')),
  MILLRACE_JAVA: z.string().optional().meta(about('Java; default: on PATH.')),
  MILLRACE_JULIA: z.string().optional().meta(about('Julia; default: on PATH.')),
  MILLRACE_LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .meta(about('What is logged, as JSON lines on stderr.')),
});

export interface AgentConfig {
  dataDir: string;
  pollMs: number;
  /** Absolute folders below which flows may use absolute paths. */
  paths: string[];
  blobBytes: number;
  outboxBytes: number;
  outboxAgeMs: number;
  flowMemoryMb?: number;
  logLevel: string;
  /** The program of a flow's process; default: flows/host-main.js with all modules of Millrace. */
  hostEntry?: string;
}

export interface MainConfig extends AgentConfig {
  join?: { url: string; token: string; name?: string };
}

/** Defaults for everything but the folder: for the command line and tests. */
export function agentConfig(changes: Partial<AgentConfig> & { dataDir: string }): AgentConfig {
  const { join: _join, ...standard } = readConfig({ MILLRACE_DATA: changes.dataDir });
  return { ...standard, ...changes, dataDir: resolve(changes.dataDir) };
}

/** An empty variable counts as absent, as docker compose passes it. */
export function readConfig(environment: Record<string, string | undefined> = process.env): MainConfig {
  const set = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  const result = Variables.safeParse(Object.fromEntries(set));
  if (!result.success) {
    const errors = result.error.issues.map(({ path, message }) => ({
      field: path.join('.'),
      detail: message,
    }));
    throw new Failure(
      'platform.configuration',
      `The environment is not valid. ${errors.map(({ field, detail }) => `${field}: ${detail}`).join('; ')}. ` +
        'See docs/configuration-agent.md.',
      { errors },
    );
  }
  const values = result.data;
  const { MILLRACE_URL: url, MILLRACE_TOKEN: token, MILLRACE_NAME: name } = values;
  return {
    dataDir: resolve(values.MILLRACE_DATA),
    pollMs: values.MILLRACE_POLL_MS,
    paths: (values.MILLRACE_PATHS ?? '')
      .split(delimiter)
      .filter((path) => path !== '')
      .map((path) => resolve(path)),
    blobBytes: values.MILLRACE_BLOB_BYTES,
    outboxBytes: values.MILLRACE_OUTBOX_BYTES,
    outboxAgeMs: values.MILLRACE_OUTBOX_DAYS * 86_400_000,
    flowMemoryMb: values.MILLRACE_FLOW_MEMORY_MB,
    logLevel: values.MILLRACE_LOG_LEVEL,
    ...(url !== undefined && token !== undefined ? { join: { url, token, name } } : {}),
  };
}

/** The table of docs/configuration-agent.md. */
export function configurationTable(): string {
  const rows = Object.entries(Variables.shape).map(([name, schema]) => {
    const standard = schema instanceof z.ZodDefault ? `\`${String(schema.def.defaultValue)}\`` : '';
    return `| \`${name}\` | ${standard} | ${schema.meta()?.description ?? ''} |`;
  });
  return ['| variable | default | what it does |', '| --- | --- | --- |', ...rows].join('\n');
}
