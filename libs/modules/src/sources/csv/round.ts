/**
 * How long a file is in time, learned while it is delivered, so that `loop` can put one round behind the
 * other: each is shifted by the span of the timestamps and one typical step (the median of the first steps
 * forward, 1 s where there is none), so time neither repeats nor leaves a hole.
 */

/** Enough for a median that one odd step does not move. */
const STEPS = 101;

export interface RoundState {
  rows: number;
  least: number;
  most: number;
  previous: number;
  steps: number[];
}

export class Round {
  private state: RoundState = { rows: 0, least: Infinity, most: -Infinity, previous: NaN, steps: [] };

  get rows(): number {
    return this.state.rows;
  }

  /** One delivered row of the first round, by its own timestamp in ms. */
  add(t: number): void {
    const { state } = this;
    state.rows++;
    if (t < state.least) state.least = t;
    if (t > state.most) state.most = t;
    if (state.steps.length < STEPS && t > state.previous) state.steps.push(t - state.previous);
    state.previous = t;
  }

  /** Milliseconds from one round to the next. */
  get length(): number {
    const { steps, least, most } = this.state;
    const sorted = [...steps].sort((a, b) => a - b);
    return most - least + (sorted[sorted.length >> 1] ?? 1000);
  }

  save(): RoundState {
    return { ...this.state, steps: [...this.state.steps] };
  }

  load(state: RoundState): void {
    this.state = { ...state, steps: [...state.steps] };
  }
}
