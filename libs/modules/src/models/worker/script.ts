/**
 * What a worker is started with, from a module's settings: the script, the files that it may ask for, the interpreter.
 *
 * Guarantee: what is named and is not there is said by name, before anything is started. Code that stands in the flow
 * is written into the flow's own folder, under its digest.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import type { Host, ResourceFile } from '@millrace/engine';
import { classPath, findInterpreter, jarsOf, pythonOf, readBuilt } from '@millrace/inference';
import { Failure, type RuntimeLanguage } from '@millrace/schemas';
import type { WorkerSettings } from './behaviour.js';

export interface Script {
  /** For Java its class path. */
  entry: string;
  files: Record<string, string>;
  interpreter: string;
  /** Where a runtime was built. */
  runtime?: string;
  /** What a sandbox must show. */
  reads: string[];
}

interface LanguageWords {
  name: string;
  /** The file of a script folder, when the settings name none. */
  main: string;
  /** How a source file may end. */
  endings: RegExp;
  variable: string;
}

export const LANGUAGES: Record<RuntimeLanguage, LanguageWords> = {
  python: { name: 'Python', main: 'main.py', endings: /\.py$/, variable: 'MILLRACE_PYTHON' },
  javascript: { name: 'Node.js', main: 'main.mjs', endings: /\.(mjs|cjs|js)$/, variable: 'MILLRACE_NODE' },
  r: { name: 'R', main: 'main.R', endings: /\.[Rr]$/, variable: 'MILLRACE_RSCRIPT' },
  java: { name: 'Java', main: 'Main.java', endings: /\.(java|jar)$/, variable: 'MILLRACE_JAVA' },
  julia: { name: 'Julia', main: 'main.jl', endings: /\.jl$/, variable: 'MILLRACE_JULIA' },
};

export async function scriptOf(
  language: RuntimeLanguage,
  settings: WorkerSettings,
  host: Host,
): Promise<Script> {
  const runtime = runtimeFolder(settings, host);
  const interpreter = await interpreterOf(language, settings, runtime);
  const entry =
    settings.code === undefined ? entryOf(language, settings, host) : written(language, settings, host);
  const files = filesOf(settings, host);
  const isJava = language === 'java';
  return {
    entry: isJava && runtime !== undefined ? classPath(entry, jarsOf(runtime)) : entry,
    files,
    interpreter,
    runtime,
    // Its neighbours too, where it can have some: a script may import them.
    reads: [entry, ...neighboursOf(entry, host), ...Object.values(files)],
  };
}

/** Its folder, unless that holds more than a script: an archive has none, and the flow's own folder has its state. */
function neighboursOf(entry: string, host: Host): string[] {
  const folder = dirname(entry);
  const isMore =
    `${resolve(host.workFolder)}/`.startsWith(`${folder}/`) || `${homedir()}/`.startsWith(`${folder}/`);
  return isFolder(entry) || isZip(entry) || isMore ? [] : [folder];
}

function runtimeFolder({ runtime, requirements }: WorkerSettings, host: Host): string | undefined {
  if (runtime === undefined) {
    if (requirements === undefined || requirements.length === 0) return undefined;
    throw new Failure(
      'engine.runtime-missing',
      'requirements are resolved and locked when the flow is published, and this one was not. Publish it, or name a ' +
        'runtime.',
    );
  }
  const { folder } = fileOf(runtime, host);
  if (folder !== undefined) return folder;
  throw new Failure('engine.runtime-missing', `${runtime} was not built on this machine.`);
}

async function interpreterOf(
  language: RuntimeLanguage,
  { interpreter: named }: WorkerSettings,
  runtime: string | undefined,
): Promise<string> {
  const built = runtime === undefined ? undefined : await readBuilt(runtime);
  if (built !== undefined) return built.command;
  if (language === 'python' && runtime !== undefined) {
    // A virtual environment that somebody made by hand.
    const python = pythonOf(runtime);
    if (existsSync(python)) return python;
    throw new Failure('engine.runtime-missing', `The runtime in ${runtime} has no Python.`);
  }
  const found = await findInterpreter(language, { named });
  if (found !== undefined) return found.command;
  const { name, variable } = LANGUAGES[language];
  throw new Failure(
    'engine.runtime-missing',
    named === undefined
      ? `This machine has no ${name}. Install it, or say where it is with ${variable}.`
      : `This machine has no ${name} that is called ${named}. Put it on the path, or say where it is with ` +
          `MILLRACE_${named.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}.`,
  );
}

function entryOf(language: RuntimeLanguage, { script, entry }: WorkerSettings, host: Host): string {
  const file = fileOf(script!, host);
  const folder = file.folder ?? (isFolder(file.path) ? file.path : undefined);
  if (folder === undefined) return named(language, file, host);
  // The classes of a folder are found by name.
  if (language === 'java' && entry === undefined) return folder;
  const path = join(folder, entry ?? LANGUAGES[language].main);
  const way = relative(folder, path);
  if (way.startsWith(`..${sep}`) || way === '..')
    throw new Failure('engine.file-unreadable', `entry ${entry} leads out of the script's folder.`);
  if (existsSync(path)) return path;
  throw new Failure(
    'engine.file-unreadable',
    `${script} has no file ${way}. Set entry to the one to start with.`,
  );
}

/** A file of the catalogue is called by its digest, and some interpreters go by the ending. */
function named(language: RuntimeLanguage, { path, digest }: ResourceFile, host: Host): string {
  if (!existsSync(path)) throw new Failure('engine.file-unreadable', `The script ${path} is not there.`);
  if (LANGUAGES[language].endings.test(path) || isZip(path)) return path;
  const folder = scriptFolder(host, digest ?? path);
  const copy = join(folder, LANGUAGES[language].main);
  if (!existsSync(copy)) copyFileSync(path, copy);
  return copy;
}

function written(
  language: RuntimeLanguage,
  { code, entry, ...settings }: WorkerSettings,
  host: Host,
): string {
  const main =
    language === 'java'
      ? `${settings.class!.split('.').at(-1)}.java`
      : basename(entry ?? LANGUAGES[language].main);
  const path = join(scriptFolder(host, code!), main);
  writeFileSync(path, code!);
  return path;
}

function scriptFolder(host: Host, key: string): string {
  const folder = join(
    host.workFolder,
    'scripts',
    createHash('sha256').update(key).digest('hex').slice(0, 16),
  );
  mkdirSync(folder, { recursive: true });
  return folder;
}

function filesOf({ model, files = {} }: WorkerSettings, host: Host): Record<string, string> {
  const found: Record<string, string> = {};
  const add = (name: string, setting: string) => {
    const { path, name: own, folder } = fileOf(setting, host);
    const place = folder ?? path;
    if (!existsSync(place)) throw new Failure('engine.file-unreadable', `The file ${place} is not there.`);
    found[own] = place;
    found[name] = place;
  };
  for (const [name, setting] of Object.entries(files)) add(name, setting);
  if (model !== undefined) add('model', model);
  return found;
}

/** A path is called by its file's name. */
export function fileOf(setting: string, host: Host): ResourceFile {
  if (setting.startsWith('resource:')) return host.resource(setting);
  return { path: host.path(setting), name: basename(setting), version: null, digest: null };
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

const isZip = (path: string): boolean => readFileSync(path).subarray(0, 2).toString('latin1') === 'PK';
