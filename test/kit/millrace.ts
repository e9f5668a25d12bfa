/**
 * Millrace as a user has it: the built command as real processes, on embedded services or, where the
 * environment names them, on those of the machine. Every wait has a deadline, and every process that was
 * started is ended by its id.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../apps/cli/bin/millrace.js', import.meta.url));
export const examples = fileURLToPath(new URL('../../examples/', import.meta.url));

/** A process on a slow, busy machine may take this long to come up. */
const READY_MS = 120_000;
const STOP_MS = 30_000;

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export class Installation {
  url = '';
  token = '';
  email = '';
  password = '';
  private readonly running = new Set<ChildProcess>();
  private director: ChildProcess | undefined;

  private constructor(
    readonly folder: string,
    private readonly inside: readonly string[],
  ) {}

  /** `inside`: a command that runs all of its processes, such as one that enters a network namespace. */
  static async create(inside: readonly string[] = []): Promise<Installation> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-journey-'));
    // Else the database of a director that root starts lives elsewhere, and outlives the test.
    await chmod(folder, 0o711);
    return new Installation(folder, inside);
  }

  get data(): string {
    return join(this.folder, 'data');
  }

  /** Of `millrace up`, the process that is director, jobs and store. */
  get pid(): number {
    return this.director!.pid!;
  }

  /** `millrace up --json`, until it says that it is ready. */
  async up(...args: string[]): Promise<void> {
    const child = this.spawn(['up', '--json', '--port', '0', '--data', this.data, ...args], 'up');
    this.director = child;
    const line = await within(READY_MS, 'millrace up to be ready', firstLine(child));
    const ready = JSON.parse(line) as Record<string, string>;
    expect(ready.ready).toBe(true);
    this.url = ready.url;
    this.token = ready.token;
    this.email = ready.email;
    this.password = ready.password;
  }

  /** Ends `up`; with SIGKILL it has no chance to tidy up. */
  async down(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.end(this.director!, signal);
  }

  /** Runs a command as the admin of this installation and gives what it printed. */
  async run(...args: string[]): Promise<Ran> {
    const child = this.spawn(args);
    let stdout = '';
    let stderr = '';
    child.stdout!.on('data', (chunk: Buffer) => (stdout += chunk));
    child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk));
    const [code] = (await within(READY_MS, `millrace ${args.join(' ')}`, once(child, 'close'))) as [
      number | null,
    ];
    this.running.delete(child);
    return { code, stdout, stderr };
  }

  /** As `run`, for a command that must succeed; gives its JSON. */
  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...args, '-o', 'json');
    if (code !== 0) throw new Error(`millrace ${args.join(' ')} ended with ${code}:\n${stderr}\n${stdout}`);
    return JSON.parse(stdout) as T;
  }

  async call<T>(
    method: string,
    path: string,
    body?: unknown,
    token = this.token,
  ): Promise<{ status: number; body: T }> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T };
  }

  /** Runs the line that the studio shows for a machine, in a folder of its own as on a machine of its own. */
  async paste(line: string, name: string): Promise<void> {
    const folder = join(this.folder, 'machines', name);
    await mkdir(folder, { recursive: true });
    const [joins, runs, ...more] = line.split(' && ').map((part) => part.split(' '));
    expect(more).toEqual([]);
    expect([joins!.slice(0, 4), runs]).toEqual([
      ['npx', 'millrace', 'node', 'join'],
      ['npx', 'millrace', 'agent', 'run'],
    ]);
    const env = { MILLRACE_URL: '', MILLRACE_TOKEN: '', MILLRACE_POLL_MS: '1000' };
    const joining = this.spawn(joins!.slice(2), name, env, folder);
    const code = await new Promise((resolve) => joining.once('exit', resolve));
    expect(code).toBe(0);
    this.spawn(runs!.slice(2), name, env, folder);
  }

  /** Joins a node to a group and starts its agent. */
  async node(name: string, group: string, env: Record<string, string> = {}): Promise<AgentProcess> {
    const { token } = await this.json<{ token: string }>('node', 'token', '--group', group);
    const agent = new AgentProcess(this, name, token, env);
    await agent.start();
    return agent;
  }

  spawn(
    args: string[],
    name = args.join(' '),
    env: Record<string, string> = {},
    cwd = this.folder,
  ): ChildProcess {
    const [program, ...line] = [...this.inside, process.execPath, command, ...args];
    const child = spawn(program!, line, {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd,
      env: {
        ...process.env,
        NO_COLOR: '1',
        HOME: this.folder,
        MILLRACE_URL: this.url,
        MILLRACE_TOKEN: this.token,
        ...env,
      },
    });
    this.running.add(child);
    child.once('exit', () => this.running.delete(child));
    if (process.env.MILLRACE_TEST_TALK)
      child.stderr!.on('data', (chunk) => process.stderr.write(`[${name}] ${chunk}`));
    else child.stderr!.resume();
    return child;
  }

  async end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await within(STOP_MS, `process ${child.pid} to end`, gone).catch(() => child.kill('SIGKILL'));
  }

  /** Ends everything and removes the folder. */
  async remove(): Promise<void> {
    for (const child of [...this.running].reverse()) await this.end(child, 'SIGTERM');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

export class AgentProcess {
  private child: ChildProcess | undefined;

  constructor(
    private readonly installation: Installation,
    readonly name: string,
    private readonly token: string,
    private readonly env: Record<string, string>,
  ) {}

  get data(): string {
    return join(this.installation.folder, 'nodes', this.name);
  }

  async start(): Promise<void> {
    const { url } = this.installation;
    const args = [
      'agent',
      'run',
      '--data',
      this.data,
      '--url',
      url,
      '--token',
      this.token,
      '--name',
      this.name,
    ];
    this.child = this.installation.spawn(args, this.name, { MILLRACE_POLL_MS: '1000', ...this.env });
  }

  stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    return this.installation.end(this.child!, signal);
  }
}

/** Asks again and again until `holds` gives something; says what it waited for when it does not come. */
export async function until<T>(
  what: string,
  holds: () => Promise<T | undefined | false>,
  ms = 60_000,
): Promise<T> {
  const deadline = Date.now() + ms;
  let last: unknown;
  for (;;) {
    try {
      const value = await holds();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The first line on stdout; rejects, with what it said, when the process ends before. */
function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    let said = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    child.stderr!.on('data', (chunk: Buffer) => (said = (said + chunk).slice(-4000)));
    child.once('exit', (code) => reject(new Error(`it ended with ${code} before it was ready:\n${said}`)));
  });
}
