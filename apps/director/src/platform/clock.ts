/** The time as an argument: milliseconds since 1970, UTC. Tests bring their own. */
export abstract class Clock {
  abstract now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };
