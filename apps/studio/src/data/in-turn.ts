/** Does the same to many, a few at a time, and tells what failed; one failure does not stop the others. Pure. */
export interface Done<Item> {
  done: number;
  failed: { item: Item; error: Error }[];
}

const AT_ONCE = 6;

export async function inTurn<Item>(
  items: readonly Item[],
  act: (item: Item) => Promise<unknown>,
  progress: (done: number) => void = () => undefined,
): Promise<Done<Item>> {
  const result: Done<Item> = { done: 0, failed: [] };
  let next = 0;
  const work = async () => {
    while (next < items.length) {
      const item = items[next++]!;
      try {
        await act(item);
        result.done += 1;
      } catch (error) {
        result.failed.push({ item, error: error as Error });
      }
      progress(result.done + result.failed.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, work));
  return result;
}

/** Throws what failed in one sentence; what was done stays done. */
export function orThrow<Item>(result: Done<Item>, nameOf: (item: Item) => string): void {
  const [first] = result.failed;
  if (first === undefined) return;
  const rest = result.failed.length - 1;
  const others = rest === 0 ? '' : ` ${rest} more failed too.`;
  throw new Error(`${result.done} done. ${nameOf(first.item)}: ${first.error.message}${others}`);
}
