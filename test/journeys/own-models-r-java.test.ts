/**
 * An engineer brings a model fitted in R and a class compiled from Java. One flow runs both on an agent, and what arrives
 * at the director is what R and Java computed themselves. Left out where one of the two is missing.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Contract, FlowDocument } from '@millrace/schemas';
import { findInterpreter } from '@millrace/inference';
import { leftOut } from '../kit/brokers.js';
import { examples, Installation } from '../kit/millrace.js';
import { apart, arriving, deploy, publish } from '../kit/own-models.js';
import { run } from '../kit/venv.js';

const COLUMNS = ['acc_x', 'acc_y', 'acc_z', 'gyro_x'];
const ROWS = 1_000;
/** R and a compiler of Java take seconds to start on a busy machine. */
const LONG_MS = 240_000;

const r = await findInterpreter('r');
const java = await findInterpreter('java');
const javac = java && (await compiler(java.command));
const missing = [
  ...(r ? [] : ['there is no R here']),
  ...(javac ? [] : ['there is no Java with its compiler here']),
];
if (missing.length > 0) leftOut(`models made in R and Java: ${missing.join(', ')}`);
const journey = missing.length === 0 ? test : test.skip;

let it: Installation;
/** Of the CSV, with its header. */
let rows: string[];
const answers: Record<'r' | 'java', number[]> = { r: [], java: [] };

beforeAll(async () => {
  if (missing.length > 0) return;
  it = await Installation.create();
  await it.up();
  await it.json('group', 'create', 'drones');
  await it.node('drone-1', 'drones');
  expect((await it.run('organization', 'set', 'allow-pickle', 'on')).code).toBe(0);
  const flight = await readFile(join(examples, 'drone-align/data/imu.csv'), 'utf8');
  rows = flight.split('\n').slice(0, ROWS + 1);
  await writeFile(join(it.folder, 'flight.csv'), `${rows.join('\n')}\n`);
  await it.json('resource', 'push', 'flight.csv', '--name', 'flight');
}, LONG_MS);
afterAll(() => it?.remove(), 120_000);

journey(
  'a regression is fitted in R, saved by saveRDS and pushed',
  async () => {
    await writeFile(join(it.folder, 'fit.R'), FIT);
    answers.r = numbers(await run(r!.command, ['fit.R'], { cwd: it.folder }));
    await writeFile(
      join(it.folder, 'contract.json'),
      JSON.stringify(contractOf(rows.slice(1, 6), answers.r)),
    );
    const file = ['lift.rds', '--name', 'lift', '--kind', 'model', '--contract', 'contract.json'];
    const pushed = await it.json('resource', 'push', ...file);
    expect(pushed).toMatchObject({ state: 'ready' });
  },
  LONG_MS,
);

journey(
  'a class is compiled from Java and pushed as a jar',
  async () => {
    const source = join(it.folder, 'plant');
    await mkdir(source);
    await writeFile(join(source, 'Shake.java'), SHAKE);
    await writeFile(join(source, 'Alone.java'), ALONE);
    await run(javac!, ['-d', 'classes', 'plant/Shake.java', 'plant/Alone.java'], { cwd: it.folder });
    answers.java = numbers(
      await run(java!.command, ['-cp', 'classes', 'plant.Alone', 'flight.csv'], { cwd: it.folder }),
    );
    const jar = ['cf', 'shake.jar', '-C', 'classes', 'plant/Shake.class'];
    await run(join(dirname(javac!), 'jar'), jar, { cwd: it.folder });
    const pushed = await it.json('resource', 'push', 'shake.jar', '--name', 'shake', '--kind', 'script');
    expect(pushed).toMatchObject({ state: 'ready' });
  },
  LONG_MS,
);

journey(
  'one flow runs both on a node, and what arrives is what R and Java computed',
  async () => {
    await publish(it, FLOW);
    await deploy(it, 'flight', 'drones', 'drone-1');
    const results = await arriving(it, 'flight', ROWS);
    const column = (name: string) => results.map((row) => row[name] as number);
    expect(new Set(answers.r).size).toBeGreaterThan(100);
    expect(apart(column('by_r'), answers.r)).toBeLessThanOrEqual(1e-9);
    expect(new Set(answers.java).size).toBeGreaterThan(100);
    expect(apart(column('by_java'), answers.java)).toBeLessThanOrEqual(1e-9);
  },
  LONG_MS,
);

/** The compiler beside a Java, links followed. */
async function compiler(command: string): Promise<string | undefined> {
  const asked = ['-XshowSettings:properties', '-version'];
  const home = await run('/bin/sh', ['-c', '"$@" 2>&1', 'sh', command, ...asked])
    .then((said) => /java\.home = (.*)/.exec(said)?.[1])
    .catch(() => undefined);
  const path = home && join(home.trim(), 'bin/javac');
  return (
    path &&
    (await run(path, ['-version'])
      .then(() => path)
      .catch(() => undefined))
  );
}

/** With the first rows as known answers. */
const contractOf = (known: readonly string[], said: readonly number[]): Contract => ({
  columns: COLUMNS.map((name) => ({ name, dtype: 'float64' })),
  outputs: [{ name: 'result', dtype: 'float64' }],
  golden: known.map((row, i) => {
    const cells = row.split(',').slice(1).map(Number);
    const input = Object.fromEntries(COLUMNS.map((name, k) => [name, cells[k]]));
    return { input, output: { result: said[i] }, tolerance: 1e-9 };
  }),
  runtime: 'r',
});

/** One a line. */
const numbers = (text: string): number[] => text.trim().split('\n').map(Number);

const FIT = `
flight <- read.csv("flight.csv")
fit <- lm(acc_z ~ acc_x + acc_y * gyro_x, flight)
saveRDS(fit, "lift.rds")
writeLines(sprintf("%.17g", predict(fit, flight)))
`;

const SHAKE = `package plant;
public class Shake {
  public double[] predict(double[][] rows) {
    double[] result = new double[rows.length];
    for (int i = 0; i < rows.length; i++) {
      double[] row = rows[i];
      result[i] = Math.sqrt(row[0] * row[0] + row[1] * row[1] + row[2] * row[2]) * Math.exp(-row[3]);
    }
    return result;
  }
}
`;

/** The same class as Java alone runs it. */
const ALONE = `package plant;
import java.nio.file.*;
import java.util.stream.*;
public class Alone {
  public static void main(String[] args) throws Exception {
    double[][] rows = Files.readAllLines(Paths.get(args[0])).stream().skip(1)
        .map(line -> Stream.of(line.split(",")).skip(1).limit(4).mapToDouble(Double::parseDouble).toArray())
        .toArray(double[][]::new);
    for (double result : new Shake().predict(rows)) System.out.println(result);
  }
}
`;

const settings = { columns: COLUMNS, timeoutMs: 60_000 };
const FLOW: FlowDocument = {
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name: 'flight' },
  modules: {
    imu: {
      type: 'source.csv',
      settings: {
        file: 'resource:flight@1',
        timestamp: { column: 't_us', format: 'epochUs' },
        fields: COLUMNS,
      },
    },
    lift: {
      type: 'model.r',
      from: ['imu'],
      settings: {
        ...settings,
        model: 'resource:lift@1',
        code: 'load <- function(context) fit <<- readRDS(context$path("model"))\npredict_rows <- function(rows) predict(fit, rows)\n',
        outputs: [{ name: 'result', as: 'by_r' }],
      },
    },
    shake: {
      type: 'model.java',
      from: ['lift'],
      settings: {
        ...settings,
        script: 'resource:shake@1',
        class: 'plant.Shake',
        outputs: [{ name: 'result', as: 'by_java' }],
      },
    },
    out: { type: 'sink.director', from: ['shake'], settings: { channel: 'result' } },
  },
};
