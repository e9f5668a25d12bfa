/**
 * `npm test`: builds, checks form and types, then runs the suites unit, guards and journeys, one after the other.
 * `npm test -- unit lint` runs only these; `npm test -- services` runs the journeys on the system's own PostgreSQL,
 * Redis and Mosquitto.
 *
 * Guarantee: every step has a time limit and ends with what it started; what was left out is said with its reason;
 * the last line is `N passed, N failed, N skipped`, and the exit code is 0 only when nothing failed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killServices, startServices } from './services.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (path) => join(root, 'node_modules', path);
/** Minutes are several times what a small machine takes: they end what hangs, not what is slow. */
const SUITES = { unit: 40, guards: 10, journeys: 45 };
const ON_SERVICES = 'services';
const JOURNEYS = 'test/journeys';
/**
 * Not run on other services: the studio and the Python package only ever speak to the director, so what stands behind it
 * makes no difference there; journeys of flows, of models in their languages, of large files and of what a node installs
 * need it only to be one.
 */
const APART = /^(studio|flow|own-models|sdk|plant|upload)\b/;
const CHECKS = {
  lint: [
    [bin('oxlint/bin/oxlint'), '--deny-warnings'],
    [bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'],
  ],
  types: [[bin('typescript/bin/tsc'), '-p', 'tsconfig.test.json']],
};
const CHECK_MINUTES = 5;
const WORKERS = 2;
const SLOWEST = 3;

const usual = [...Object.keys(CHECKS), ...Object.keys(SUITES)];
const known = [...usual, ON_SERVICES];
const asked = process.argv.slice(2);
const strange = asked.find((name) => !known.includes(name));
if (strange !== undefined) {
  console.error(`There is no suite ${strange}. There are: ${known.join(', ')}.`);
  process.exit(2);
}
const chosen = asked.length === 0 ? usual : known.filter((name) => asked.includes(name));

const folder = mkdtempSync(join(tmpdir(), 'millrace-run-'));
const leftOut = join(folder, 'left-out');
const total = { passed: 0, failed: 0, skipped: 0 };
const reasons = new Set();
/** Process groups that run now. */
const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const group of running) end(group, 'SIGKILL');
    killServices();
    rmSync(folder, { recursive: true, force: true });
    process.exit(1);
  });
}

const build = await step('build', [[join(root, 'scripts/build.mjs')]], 15);
if (build) {
  await Promise.all(
    chosen.filter((name) => name in CHECKS).map((name) => step(name, CHECKS[name], CHECK_MINUTES)),
  );
  for (const name of chosen.filter((one) => one in SUITES)) await suite(name, name, SUITES[name]);
  if (chosen.includes(ON_SERVICES)) await onServices();
}
if (existsSync(leftOut)) {
  for (const line of readFileSync(leftOut, 'utf8').split('\n'))
    if (line.trim() !== '') reasons.add(line.trim());
}
rmSync(folder, { recursive: true, force: true });
console.log(reasons.size === 0 ? '\nNothing was left out.' : '\nLeft out:');
for (const reason of reasons) console.log(`- ${reason}`);
const closing = `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`;
if (process.env.MILLRACE_CLOSING) appendFileSync(process.env.MILLRACE_CLOSING, `${closing}\n`);
console.log(`\n${closing}`);
process.exit(total.failed > 0 ? 1 : 0);

/** Commands one after the other, silent unless one fails; each failure counts as one failed test. */
async function step(name, commands, minutes) {
  const started = Date.now();
  let failed = 0;
  for (const command of commands) {
    const { ok, output } = await run(command, minutes, { keep: name !== 'build' });
    if (ok) continue;
    failed += 1;
    console.error(output);
  }
  total.failed += failed;
  console.error(`${name}: ${failed > 0 ? 'failed after ' : ''}${seconds(started)} s`);
  return failed === 0;
}

/** A journey each with new, empty services: two directors on one database would be one installation. */
async function onServices() {
  reasons.add(
    'The journeys on S3: no server for it installs from packages; its conformance suite is in unit.',
  );
  const journeys = readdirSync(join(root, JOURNEYS)).filter((name) => name.endsWith('.test.ts'));
  for (const file of journeys.filter((name) => !APART.test(name))) {
    try {
      const services = await startServices();
      await suite(file, 'journeys', SUITES.journeys, [`${JOURNEYS}/${file}`], services.environment);
      await services.close();
    } catch (error) {
      total.failed += 1;
      console.error(`${file}: ${error.message}`);
    }
  }
}

async function suite(name, project, minutes, files = [], services = {}) {
  const started = Date.now();
  const outputFile = join(folder, `${name}.json`);
  const jest = ['--experimental-vm-modules', '--no-warnings', bin('jest/bin/jest.js'), ...files];
  const options = [`--maxWorkers=${WORKERS}`, '--ci', '--silent', '--json', `--outputFile=${outputFile}`];
  const args = [...jest, '--selectProjects', project, ...options];
  const { ok } = await run(args, minutes, { environment: { ...services, MILLRACE_LEFT_OUT: leftOut } });
  const result = existsSync(outputFile) ? JSON.parse(readFileSync(outputFile, 'utf8')) : undefined;
  const failed = (result?.numFailedTests ?? 0) + (result?.numRuntimeErrorTestSuites ?? 0);
  total.passed += result?.numPassedTests ?? 0;
  // Ended by its time limit, or without a single test: that is a failure too.
  total.failed += failed > 0 || ok ? failed : 1;
  total.skipped += (result?.numPendingTests ?? 0) + (result?.numTodoTests ?? 0);
  for (const title of skippedIn(result)) reasons.add(title);
  console.error(`${name}: ${seconds(started)} s${slowestOf(result)}\n`);
}

/** By their outermost title, which says why. */
function skippedIn(result) {
  const tests = (result?.testResults ?? []).flatMap((file) => file.assertionResults);
  const skipped = tests.filter(({ status }) => status === 'pending' || status === 'todo');
  return new Set(skipped.map(({ ancestorTitles, title }) => ancestorTitles[0] ?? title));
}

function slowestOf(result) {
  const files = (result?.testResults ?? [])
    .map(({ name, startTime, endTime }) => ({ name: relative(root, name), ms: endTime - startTime }))
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, SLOWEST)
    .map(({ name, ms }) => `${name} ${Math.round(ms / 1000)} s`);
  return files.length === 0 ? '' : ` (slowest: ${files.join(', ')})`;
}

/** In a group of its own, so that nothing of it is left when its time is over. */
function run(args, minutes, { keep = false, environment = {} } = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['ignore', keep ? 'pipe' : 2, keep ? 'pipe' : 2],
      detached: process.platform !== 'win32',
    });
    running.add(child.pid);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => (output += part));
    const limit = setTimeout(() => {
      console.error(
        `not done after ${minutes} minutes, ended: ${args.map((one) => relative(root, one)).join(' ')}`,
      );
      end(child.pid, 'SIGKILL');
    }, minutes * 60_000);
    child.on('close', (code) => {
      clearTimeout(limit);
      running.delete(child.pid);
      resolve({ ok: code === 0, output });
    });
  });
}

function end(group, signal) {
  if (process.platform === 'win32') return void spawnSync('taskkill', ['/pid', String(group), '/t', '/f']);
  try {
    process.kill(-group, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function seconds(started) {
  return Math.round((Date.now() - started) / 1000);
}
