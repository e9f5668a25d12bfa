/** docs/models.md: the script of each language, as it stands there, in a flow. And real models that are not toys. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { PlainRecord } from '@millrace/engine';
import { findInterpreter } from '@millrace/inference';
import type { RuntimeLanguage } from '@millrace/schemas';
import { runRecords } from '../../../../../test/kit/flow.js';

const page = readFileSync(new URL('../../../../../docs/models.md', import.meta.url), 'utf8');
const folder = mkdtempSync(path.join(tmpdir(), 'millrace-docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const feed: PlainRecord[] = Array.from({ length: 20 }, (_, t) => ({ t, pressure: 3 + t, flow: 2 + t / 3 }));

async function run(language: RuntimeLanguage, settings: Record<string, unknown>): Promise<PlainRecord[]> {
  const { records } = await runRecords({
    modules: { x: { type: `model.${language}`, from: ['in'], settings, onError: 'stop' } },
    feed: { in: feed },
    collect: ['x'],
    host: { workFolder: folder, path: (file) => path.join(folder, file) },
  });
  return records.x;
}

const NAMES: Record<RuntimeLanguage, string> = {
  python: 'Python',
  javascript: 'Node.js',
  r: 'R',
  java: 'Java',
  julia: 'Julia',
};
for (const [language, name] of Object.entries(NAMES) as [RuntimeLanguage, string][]) {
  const has = (await findInterpreter(language)) !== undefined;
  (has ? test : test.skip)(
    `the script of the page in ${name}${has ? '' : ': this machine has no interpreter for it'}`,
    async () => {
      const code = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(page)![1];
      const settings = {
        code,
        columns: ['pressure', 'flow'],
        outputs: [{ name: 'result', as: 'resistance' }],
        settings: { factor: 2 },
        ...(language === 'java' ? { class: 'Resistance' } : {}),
      };
      const rows = await run(language, settings);
      expect(rows.map(({ resistance }) => resistance)).toEqual(
        feed.map(({ pressure, flow }) => (2 * (pressure as number)) / (flow as number)),
      );
    },
  );
}

const rscript = await findInterpreter('r');
const hasForest =
  rscript !== undefined &&
  spawnSync(rscript.command, ['-e', 'library(randomForest)'], { stdio: 'ignore' }).status === 0;

(rscript === undefined ? test.skip : test)(
  `a fitted lm of R gives here what it gives in R${rscript === undefined ? ': this machine has no R' : ''}`,
  async () => {
    const said = execFileSync(rscript!.command, [
      '--vanilla',
      '-e',
      `set.seed(1); d <- data.frame(pressure = runif(50, 1, 9), flow = runif(50, 1, 5))
       d$y <- 3 * d$pressure - d$flow + rnorm(50); fit <- lm(y ~ pressure + flow, d)
       saveRDS(fit, "${folder}/lm.rds"); new <- data.frame(pressure = 3:22, flow = 2 + 0:19 / 3)
       cat(sprintf("%.17g", predict(fit, new)))`,
    ]);
    writeFileSync(
      path.join(folder, 'lm.R'),
      'load <- function(context) fit <<- readRDS(context$path("model"))\n' +
        'predict_rows <- function(rows) predict(fit, rows)\n',
    );
    const rows = await run('r', { script: 'lm.R', model: 'lm.rds', columns: ['pressure', 'flow'] });
    const wanted = said.toString().split(' ').map(Number);
    expect(wanted).toHaveLength(20);
    rows.forEach(({ result }, i) => expect(result).toBeCloseTo(wanted[i], 9));
  },
);

(hasForest ? test : test.skip)(
  `a randomForest of R gives labels and votes${hasForest ? '' : ': this machine has no randomForest for R'}`,
  async () => {
    const said = execFileSync(rscript!.command, [
      '--vanilla',
      '-e',
      `library(randomForest); set.seed(1); d <- data.frame(pressure = runif(200, 1, 25), flow = runif(200, 1, 9))
       d$y <- factor(ifelse(d$pressure > 2 * d$flow, "high", "low")); fit <- randomForest(y ~ ., d, ntree = 50)
       saveRDS(fit, "${folder}/forest.rds"); new <- data.frame(pressure = 3:22, flow = 2 + 0:19 / 3)
       cat(as.character(predict(fit, new)), sprintf("%.17g", predict(fit, new, "prob")[, "high"]))`,
    ]);
    const code = `suppressMessages(library(randomForest))
load <- function(context) fit <<- readRDS(context$path("model"))
predict_rows <- function(rows) {
  data.frame(label = predict(fit, rows), high = predict(fit, rows, "prob")[, "high"])
}
`;
    const rows = await run('r', {
      code,
      model: 'forest.rds',
      columns: ['pressure', 'flow'],
      outputs: [{ name: 'label' }, { name: 'high' }],
    });
    const wanted = said.toString().split(' ');
    expect(rows.map(({ label }) => label)).toEqual(wanted.slice(0, 20));
    expect(rows.map(({ high }) => high)).toEqual(wanted.slice(20).map(Number));
    expect(new Set(wanted.slice(0, 20)).size).toBe(2);
  },
);
