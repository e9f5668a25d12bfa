// Paired measurement: both sides in turn, A B A B, so that a machine whose speed drifts does not favour one.

/** Runs `ours` and `limit` in turn and gives the medians of their figures and of their ratio. */
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

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

export const rounded = (value, digits = 3) => Number(value.toPrecision(digits));
