// One line of figures: failure windows found and false alerts, beside a plain threshold and NAB's published
// detector on the same rows. Usage: node score.mjs [out.jsonl], the file that `millrace run --out` wrote.
import { readFileSync } from 'node:fs';
import { readOut } from '../out.mjs';

const here = (name) => new URL(name, import.meta.url);
const csv = (name) =>
  readFileSync(here(`data/${name}`), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
const utc = (text) => Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`);

const name = 'realKnownCause/machine_temperature_system_failure.csv';
const windows = JSON.parse(readFileSync(here('data/labels.json'), 'utf8')).windows[name].map((ends) =>
  ends.map(utc),
);

/** Everybody is judged from the end of the week that the forest was trained on. */
const TRAINING_ROWS = 2016;
const rows = csv('machine_temperature_system_failure.csv');
const from = utc(rows[TRAINING_ROWS][0]);

/** Alerts inside a window find it, however many; each outside all of them is false. */
function judge(times) {
  const judged = times.filter((t) => t >= from);
  const inside = (t, [begin, end]) => t >= begin && t <= end;
  return {
    found: windows.filter((window) => judged.some((t) => inside(t, window))).length,
    false: judged.filter((t) => !windows.some((window) => inside(t, window))).length,
  };
}

/** Times at which a score rises above `raise`, having been below `clear` in between. */
function alerts(scored, raise, clear) {
  let raised = false;
  return scored.flatMap(([t, score]) => {
    if (raised) {
      raised = score >= clear;
      return [];
    }
    raised = score > raise;
    return raised ? [t] : [];
  });
}

const ours = readOut(process.argv[2], import.meta.url).filter(
  (line) => line.sink === 'alerts' && line.alert === 'raised',
);

// The plain threshold: five standard deviations from the mean of the first 750 readings, NAB's probation.
const probation = rows.slice(0, 750).map(([, value]) => Number(value));
const mean = probation.reduce((sum, value) => sum + value, 0) / probation.length;
const deviation = Math.sqrt(
  probation.reduce((sum, value) => sum + (value - mean) ** 2, 0) / probation.length,
);
const z = rows.map(([t, value]) => [utc(t), Math.abs(Number(value) - mean) / deviation]);

// NAB's own published scores of its windowedGaussian detector, at the threshold that serves it best here.
const published = csv('published_windowedGaussian_scores.csv').map(([t, score]) => [utc(t), Number(score)]);
const windowedGaussian = [0.99, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999]
  .map((threshold) => ({ threshold, ...judge(alerts(published, threshold, 0.8 * threshold)) }))
  .sort((a, b) => b.found - a.found || a.false - b.false)[0];

console.log(
  JSON.stringify({
    example: 'machine-temperature',
    windows: windows.length,
    flow: judge(ours.map(({ t }) => t)),
    threshold: judge(alerts(z, 5, 4)),
    windowedGaussian,
    reference: { iforest: { found: 4, false: 24 }, threshold: { found: 3, false: 8 } },
  }),
);
