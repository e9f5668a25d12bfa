/** Wrong usage: something that was typed is not what the command takes. Ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Somebody pressed Ctrl-C: no mistake, but what was asked for is not done. Ends with exit code 1. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** For options that may be given several times. */
export const collect = (value: string, before: string[]): string[] => [...before, value];

/** `name=value` pairs; the value may hold further equals signs. A name given twice keeps its last value. */
export function pairsOf(option: string, texts: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 1)
      throw new UsageError(`${option} takes name=value, such as ${option} speed=100, and not "${text}".`);
    pairs.set(text.slice(0, at), text.slice(at + 1));
  }
  return pairs;
}
