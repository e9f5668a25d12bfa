// Paired measurement: both sides in turn, A B A B, so that a machine whose speed drifts does not favour one.

/** One line of figures: the medians of `ours`, of `limit` and of their ratio. `what`: name, case, unit, goal. */
export async function compared({ name, case: of, unit, goal }, pairs, ours, limit) {
  const figures = await paired(pairs, ours, limit);
  return {
    name,
    ...(of === undefined ? {} : { case: of }),
    value: rounded(figures.value),
    unit,
    limit: rounded(figures.limit),
    ratio: rounded(figures.ratio),
    goal,
    pairs,
  };
}

/** Runs `ours` and `limit` in turn, once each to warm up, and gives the medians of their figures and of their ratio. */
export async function paired(pairs, ours, limit) {
  await ours();
  await limit();
  const figures = [];
  for (let i = 0; i < pairs; i++) figures.push([await ours(), await limit()]);
  return {
    value: median(figures.map(([a]) => a)),
    limit: median(figures.map(([, b]) => b)),
    ratio: median(figures.map(([a, b]) => a / b)),
  };
}

/** How many of `count` things a second the job did. */
export async function rate(count, job) {
  return (1e9 * count) / (await nanoseconds(job));
}

export async function nanoseconds(job) {
  const began = process.hrtime.bigint();
  await job();
  return Number(process.hrtime.bigint() - began);
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

export const rounded = (value, digits = 3) => Number(value.toPrecision(digits));
