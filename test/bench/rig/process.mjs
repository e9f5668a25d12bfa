// A process under measurement: any Node.js program with the meter loaded into it, awaited until it says that it is
// ready, asked what it used, and ended by its id.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const meter = new URL('meter.mjs', import.meta.url).href;
const READY_MS = 60_000;
const END_MS = 10_000;

/** @param {{ args: string[], ready: (log: string) => boolean, cwd?: string, env?: object }} options */
export async function startProcess({ args, ready, cwd, env = {} }) {
  const child = spawn(process.execPath, ['--import', meter, ...args], {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let log = '';
  const heard = new Set();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      log = `${log}${chunk}`.slice(-100_000);
      for (const look of heard) look();
    });
  }
  child.on('exit', () => heard.forEach((look) => look()));

  const until = (holds, what, ms) =>
    new Promise((resolve, reject) => {
      const done = (settle) => {
        clearTimeout(timer);
        heard.delete(look);
        settle();
      };
      const fail = (why) => done(() => reject(new Error(`${args.join(' ')}: ${what}: ${why}\n${log}`)));
      const look = () => {
        if (holds(log)) done(resolve);
        else if (child.exitCode !== null || child.signalCode !== null) fail('it has ended');
      };
      const timer = setTimeout(() => fail(`not within ${ms / 1000} s`), ms);
      heard.add(look);
      look();
    });

  async function stop() {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await gone;
    clearTimeout(kill);
  }

  try {
    await until(ready, 'start', READY_MS);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    child,
    until,
    stop,
    log: () => log,
    /** Sends a message and gives the answer's field of that name. */
    ask(message, field) {
      return new Promise((resolve, reject) => {
        const settle = (act) => {
          child.off('message', answered);
          child.off('exit', ended);
          act();
        };
        const ended = () => settle(() => reject(new Error(`${args[0]} has ended\n${log}`)));
        const answered = (answer) => {
          if (answer.error !== undefined) settle(() => reject(new Error(answer.error)));
          else if (answer[field] !== undefined) settle(() => resolve(answer[field]));
        };
        child.on('message', answered);
        child.on('exit', ended);
        child.send(message);
      });
    },
    used() {
      return this.ask('meter', 'meter');
    },
  };
}
