import { appendFileSync, mkdtempSync, readdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import type { ModuleContext } from '@millrace/engine';
import { temporary, until } from '../../../../test/kit/rig.js';
import type { Entry } from './entry.js';
import { Journal, JOURNAL, type Member } from './journal.js';

const { folder, remove } = temporary();
afterAll(remove);
const fresh = () => mkdtempSync(path.join(folder, 'j-'));
const MIB = 1024 * 1024;

/** A source that writes down what it is given, and the gate of its flow. */
class Listener implements Member {
  readonly got: Entry[] = [];
  readonly counted: Record<string, number> = {};
  readonly behind: boolean[] = [];
  readonly context: ModuleContext;
  through: number | undefined;
  maxBytes = MIB;

  constructor(
    readonly journal: Journal,
    id: string,
    gate = new Gate(),
  ) {
    this.context = {
      id,
      gate,
      count: (what: string, n = 1) => (this.counted[what] = (this.counted[what] ?? 0) + n),
      catchingUp: (on: boolean) => this.behind.push(on),
      log: () => undefined,
    } as unknown as ModuleContext;
    journal.join(this);
  }

  take(entries: readonly Entry[]): void {
    // A batch is one source's and one millisecond's.
    expect(new Set(entries.map(({ module, at }) => `${module} ${at}`)).size).toBe(1);
    this.got.push(...entries);
  }

  say(text: string, at = 1000, packet = 0): Promise<void> {
    const { id } = this.context;
    return this.journal.append(this, {
      module: id,
      topic: `t/${id}`,
      packet,
      payload: Buffer.from(text),
      at,
    });
  }

  get texts(): string[] {
    return this.got.map(({ payload }) => Buffer.from(payload).toString());
  }
}

class Gate {
  open = true;
  private waiting: (() => void)[] = [];
  wait = (): Promise<void> =>
    this.open ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve));
  set(open: boolean): void {
    this.open = open;
    if (open) for (const resolve of this.waiting.splice(0)) resolve();
  }
}

async function begin(where: string, ids: string[], through: Record<string, number> = {}, gate = new Gate()) {
  const journal = new Journal(where);
  const members = ids.map((id) => new Listener(journal, id, gate));
  for (const member of members) member.through = through[member.context.id];
  await journal.open();
  for (const member of members) journal.start(member);
  return {
    journal,
    members,
    stop: async () => void (await Promise.all(members.map((one) => journal.stop(one)))),
  };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}`);

describe('the journal of a flow', () => {
  it('hands over what it has written, in that order, to the source that took it', async () => {
    const { members, stop } = await begin(fresh(), ['a', 'b']);
    const [a, b] = members;
    await Promise.all([a.say('1', 5, 77), b.say('2', 5), a.say('3', 6), a.say('4', 6)]);
    await until('all', () => a.got.length + b.got.length === 4);
    expect(a.got.map(({ id, at, topic, packet }) => [id, at, topic, packet])).toEqual([
      [1, 5, 't/a', 77],
      [3, 6, 't/a', 0],
      [4, 6, 't/a', 0],
    ]);
    expect([a.texts, b.texts]).toEqual([['1', '3', '4'], ['2']]);
    expect(a.counted.waiting).toBe(0);
    await stop();
  });

  it('gives again what the saved state lacks, whatever stood in between, and nothing twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 3 })), { minLength: 1, maxLength: 60 }),
        fc.nat({ max: 60 }),
        fc.nat({ max: 60 }),
        async (says, ofA, ofB) => {
          const where = fresh();
          const first = await begin(where, ['a', 'b']);
          let at = 1000;
          await Promise.all(
            says.map(([isA, later], i) => first.members[isA ? 0 : 1].say(`${i}`, (at += later))),
          );
          await first.stop();
          const all = first.members.flatMap(({ got }) => got).toSorted((x, y) => x.id - y.id);
          expect(all.map(({ payload }) => Buffer.from(payload).toString())).toEqual(range(0, says.length));
          const through = { a: Math.min(ofA, says.length), b: Math.min(ofB, says.length) };
          const second = await begin(where, ['a', 'b'], through);
          await second.stop();
          for (const [i, id] of (['a', 'b'] as const).entries()) {
            const lacking = first.members[i].got.filter((entry) => entry.id > through[id]);
            expect(second.members[i].got).toEqual(lacking);
            expect(second.members[i].counted.replayed ?? 0).toBe(lacking.length);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('begins with what comes when there is no state, or the state is of a journal that is gone', async () => {
    const where = fresh();
    const first = await begin(where, ['a']);
    await first.members[0].say('old');
    await first.stop();
    for (const through of [undefined, { a: 900 }]) {
      const next = await begin(where, ['a'], through);
      await next.members[0].say('new');
      await next.stop();
      expect(next.members[0].texts).toEqual(['new']);
    }
  });

  it('knows the last that a source took, however often it was started since', async () => {
    const where = fresh();
    for (let start = 0; start < 5; start++) {
      const { members, stop } = await begin(where, ['a', 'b']);
      if (start < 2) for (const text of range(0, 20)) await members[0].say(`${start} ${text}`);
      else if (start === 3) await members[1].say('another');
      await stop();
    }
    const { journal, stop } = await begin(where, ['a', 'b']);
    const known = (await journal.tail('a', 30)).map(({ payload }) => Buffer.from(payload).toString());
    expect(known).toEqual([...range(10, 20).map((n) => `0 ${n}`), ...range(0, 20).map((n) => `1 ${n}`)]);
    await stop();
  });

  it('lets no module tick until the flow has what came before', async () => {
    const where = fresh();
    const first = await begin(where, ['a']);
    for (const text of range(0, 3)) await first.members[0].say(text, Number(text));
    await first.stop();
    const second = await begin(where, ['a'], { a: 1 });
    expect(second.members[0].behind).toEqual([true]);
    await until('the rest', () => second.members[0].behind.length === 2);
    expect(second.members[0].behind).toEqual([true, false]);
    expect(second.members[0].texts).toEqual(['1', '2']);
    await second.stop();
  });

  it('cuts off a torn end, and goes on behind what is whole', async () => {
    const where = fresh();
    const first = await begin(where, ['a']);
    for (const text of range(0, 5)) await first.members[0].say(text);
    await first.stop();
    const [file] = readdirSync(path.join(where, JOURNAL)).toSorted();
    appendFileSync(path.join(where, JOURNAL, file), Buffer.from([40, 0, 0, 0, 1, 2, 3]));
    const second = await begin(where, ['a'], { a: 2 });
    await second.members[0].say('5');
    await second.stop();
    expect(second.members[0].texts).toEqual(range(2, 6));
  });

  it('says when its disk cannot be read, and hands over all when it can again', async () => {
    const where = fresh();
    const first = await begin(where, ['a']);
    for (const text of range(0, 5)) await first.members[0].say(text);
    await first.stop();
    const files = path.join(where, JOURNAL);
    const journal = new Journal(where);
    const a = new Listener(journal, 'a');
    a.through = 2;
    await journal.open();
    renameSync(files, `${files}-away`);
    journal.start(a);
    await until('it to be told', () => a.counted.unreadable >= 1);
    expect(a.got).toEqual([]);
    renameSync(`${files}-away`, files);
    await until('the rest', () => a.got.length === 3);
    expect(a.texts).toEqual(range(2, 5));
    await journal.stop(a);
  });

  it('stays within its bytes, keeps what it can as a recording, and says what the saved state does not have', async () => {
    const where = fresh();
    const { journal, members, stop } = await begin(where, ['a']);
    const [a] = members;
    const long = 'x'.repeat(10_000);
    const bytes = () =>
      readdirSync(path.join(where, JOURNAL)).reduce(
        (sum, f) => sum + statSync(path.join(where, JOURNAL, f)).size,
        0,
      );
    for (let i = 0; i < 300; i++) {
      await a.say(`${i} ${long}`);
      if (i % 10 !== 0) continue;
      await until('it to be handed over', () => a.got.length === i + 1);
      journal.save(a);
      journal.saved();
    }
    await until('the last', () => a.got.length === 300);
    expect(a.counted.uncovered).toBeUndefined();
    expect(bytes()).toBeLessThan(1.2 * MIB);
    expect(bytes()).toBeGreaterThan(0.8 * MIB);
    const recorded = await journal.tail('a', 10);
    expect(recorded.map(({ id }) => id)).toEqual(range(291, 301).map(Number));
    for (let i = 300; i < 600; i++) await a.say(`${i} ${long}`);
    await until('all', () => a.got.length === 600);
    expect(a.counted.uncovered).toBeGreaterThan(100);
    expect(bytes()).toBeLessThan(1.2 * MIB);
    await stop();
  });

  it('takes no more when it is full of what the flow does not have, and goes on when it has', async () => {
    const gate = new Gate();
    const where = fresh();
    const { members, stop } = await begin(where, ['a'], {}, gate);
    const [a] = members;
    gate.set(false);
    let safe = 0;
    const long = 'x'.repeat(20_000);
    const all = range(0, 200).map((text) => a.say(`${text} ${long}`, Number(text)).then(() => safe++));
    const settled = async () => {
      for (let before = -1; before !== safe;) {
        before = safe;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return safe;
    };
    const taken = await settled();
    expect(taken).toBeGreaterThan(MIB / 2 / long.length);
    expect(taken).toBeLessThan((1.3 * MIB) / long.length);
    expect(a.counted.waiting).toBe(200);
    expect(a.got).toEqual([]);
    gate.set(true);
    await Promise.all(all);
    await until('all', () => a.got.length === 200);
    await stop();
    expect(a.texts.map((text) => text.split(' ')[0])).toEqual(range(0, 200));
    expect(a.counted.waiting).toBe(0);
  });
});
