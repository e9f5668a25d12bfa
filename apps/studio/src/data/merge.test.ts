import { firstRead, merge, PAGE, startOf, type Read, type Start } from './merge.js';

const idOf = (item: { id: string }) => item.id;
const id = (n: number) => `n${String(n).padStart(6, '0')}`;
const item = (n: number) => ({ id: id(n) });

/** A list as the API gives it: greatest first, the cursor is the last id. */
function serve(numbers: readonly number[]) {
  const all = [...numbers].sort((one, other) => other - one).map(item);
  return ({ cursor }: Start) => {
    const rest = cursor === undefined ? all : all.filter((one) => one.id < cursor);
    const items = rest.slice(0, PAGE);
    return { items, next: rest.length > PAGE ? items.at(-1)!.id : null };
  };
}

const upTo = (n: number, from = 1) => Array.from({ length: n }, (_, index) => from + index);
type Item = { id: string };

function readAll(list: ReturnType<typeof serve>): Read<Item> {
  let read = firstRead(list({}), idOf);
  while (read.next !== null)
    read = merge(
      read,
      { after: read.items.at(-1)!.id, cursor: read.next },
      list({ cursor: read.next }),
      idOf,
    );
  return read;
}

const wholeOf = (numbers: readonly number[]) => [...numbers].sort((one, other) => other - one).map(id);

test('reads on to the end', () => {
  const read = readAll(serve(upTo(1_234)));
  expect(read.items.map(idOf)).toEqual(wholeOf(upTo(1_234)));
  expect(read.starts).toHaveLength(7);
});

test('what is new at the top comes in, and nothing is lost between it and what follows', () => {
  let read = readAll(serve(upTo(1_000)));
  for (let more = 1; more <= 50; more += 1) {
    const list = serve(upTo(1_000 + more * 3));
    read = merge(read, {}, list({}), idOf);
  }
  expect(read.items.map(idOf)).toEqual(wholeOf(upTo(1_150)));
  // Starts don't pile up.
  expect(read.starts.length).toBeLessThan(14);
});

test('what is read on from the end after the top was read again has no hole', () => {
  let read = firstRead(serve(upTo(500))({}), idOf);
  const list = serve(upTo(530));
  read = merge(read, {}, list({}), idOf);
  while (read.next !== null)
    read = merge(
      read,
      { after: read.items.at(-1)!.id, cursor: read.next },
      list({ cursor: read.next }),
      idOf,
    );
  expect(read.items.map(idOf)).toEqual(wholeOf(upTo(530)));
});

test('more at the top than a page: the list begins anew instead of hiding the hole', () => {
  let read = readAll(serve(upTo(400)));
  const list = serve(upTo(900));
  read = merge(read, {}, list({}), idOf);
  expect(read.items.map(idOf)).toEqual(wholeOf(upTo(900)).slice(0, PAGE));
  expect(read.next).not.toBeNull();
});

test('what was removed in the middle goes when its part is read again', () => {
  const read = readAll(serve(upTo(1_000)));
  const left = upTo(1_000).filter((n) => n !== 333);
  const start = startOf(read.starts, id(333));
  const again = merge(read, start, serve(left)(start), idOf);
  expect(again.items.map(idOf)).toEqual(wholeOf(left));
});

test('the last one of all goes, and a list may become empty', () => {
  const read = readAll(serve([1]));
  expect(merge(read, {}, serve([])({}), idOf)).toEqual({ items: [], starts: [{}], next: null });
});

test('any order of changes and readings ends in the list as it is', () => {
  let state = 7;
  const random = (n: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * n);
  };
  let there = upTo(900);
  let read = readAll(serve(there));
  let highest = 900;
  for (let step = 0; step < 200; step += 1) {
    if (random(2) === 0) there = [...there, (highest += 1)];
    else there = there.filter((_, index) => index !== random(there.length));
    const some = read.starts[random(read.starts.length)]!;
    read = merge(read, some, serve(there)(some), idOf);
    expect(new Set(read.items.map(idOf)).size).toBe(read.items.length);
    expect(read.starts.length).toBeLessThan(20);
  }
  for (let round = 0; round < 3; round += 1)
    for (const start of read.starts) read = merge(read, start, serve(there)(start), idOf);
  expect(read.items.map(idOf)).toEqual(wholeOf(there));
});
