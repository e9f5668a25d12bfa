import { Failure, type FlowDraft } from '@millrace/schemas';
import type { DraftPlace } from './base.js';
import { openDraft, type Draft } from './draft.js';
import type { FoundDraft, Keep, KeptDraft } from './kept.js';

const flowText = (min: number, max: number) => `apiVersion: millrace/v1
kind: Flow
metadata: { name: a }
modules:
  in: { type: source.csv, settings: { file: a.csv } } # the rig
  clean: { type: clean.range, from: [in], settings: { field: x, min: ${min}, max: ${max} } }
`;

/** A director of one draft, with the rules of the real one: a save names the revision that it began with. */
class Director implements DraftPlace {
  away = false;
  readonly saves: string[] = [flowText(0, 10)];

  private get shown(): FlowDraft {
    return {
      flow: 'a',
      revision: this.saves.length,
      document: null,
      text: this.saves.at(-1)!,
      problems: [],
      savedBy: 'user:somebody',
      savedAt: '2026-01-01T00:00:00.000Z',
    };
  }

  async read(): Promise<FlowDraft> {
    if (this.away) throw new Failure('platform.unavailable', 'away');
    return this.shown;
  }

  async save(text: string, revision: number): Promise<FlowDraft> {
    if (this.away) throw new Failure('platform.unavailable', 'away');
    if (revision !== this.saves.length)
      throw new Failure('platform.precondition-failed', 'newer', { current: this.shown });
    this.saves.push(text);
    return this.shown;
  }
}

/** One browser's store, which pages come and go from. */
class Browser {
  readonly drafts = new Map<string, KeptDraft>();

  page(name: string): Keep {
    let adopted: string[] = [];
    const change = async (write: () => void) => {
      for (const key of adopted) this.drafts.delete(key);
      adopted = [];
      write();
    };
    return {
      found: async () =>
        [...this.drafts]
          .filter(([key]) => key !== name)
          .map(([key, draft]): FoundDraft => ({ key: [key], draft })),
      adopt: ({ key }) => void adopted.push(key[0]!),
      put: (draft) => change(() => this.drafts.set(name, draft)),
      clear: () => change(() => this.drafts.delete(name)),
      close: () => undefined,
    };
  }
}

let opened: Draft[] = [];
afterEach(() => {
  for (const draft of opened) draft.close();
  opened = [];
});

async function opening(director: Director, keep?: Keep, onJoined = (_: string, __: readonly string[]) => {}) {
  let time = 0;
  const draft = await openDraft({
    flow: 'a',
    place: director,
    keep,
    now: () => (time += 5_000),
    onJoined,
    sendAfter: 1,
  });
  opened.push(draft);
  return draft;
}

function setting(draft: Draft, name: string, value: number): void {
  const { document } = draft.get();
  const clean = document.modules['clean']!;
  const settings = { ...clean.settings, [name]: value };
  draft.edit(`Set ${name}`, { ...document, modules: { ...document.modules, clean: { ...clean, settings } } });
}

/** Bounded: a state that never comes fails the test with the one that is there. */
async function until(draft: Draft, saving: string): Promise<void> {
  for (let i = 0; i < 400 && draft.get().saving !== saving; i++) await new Promise((r) => setTimeout(r, 5));
  expect(draft.get().saving).toBe(saving);
}

describe('a draft', () => {
  it('is in the browser at once and at the director soon, with its comments', async () => {
    const director = new Director();
    const browser = new Browser();
    const draft = await opening(director, browser.page('one'));
    setting(draft, 'min', 1);
    expect(browser.drafts.get('one')?.text).toContain('min: 1');
    await draft.settled();
    expect(director.saves.at(-1)).toBe(flowText(1, 10));
    await until(draft, 'saved');
    expect(browser.drafts.size).toBe(0);
  });

  it('goes on without the director and sends when it is back', async () => {
    const director = new Director();
    const draft = await opening(director, new Browser().page('one'));
    director.away = true;
    setting(draft, 'min', 1);
    await until(draft, 'away');
    await expect(draft.settled()).rejects.toThrow('away');
    setting(draft, 'max', 20);
    director.away = false;
    draft.tryNow();
    await until(draft, 'saved');
    expect(director.saves).toEqual([flowText(0, 10), flowText(1, 20)]);
  });

  it('comes back after the browser was killed, and after somebody else saved', async () => {
    const director = new Director();
    const browser = new Browser();
    director.away = false;
    const killed = await opening(director, browser.page('one'));
    director.away = true;
    setting(killed, 'min', 1);
    killed.close();
    const offline = await opening(director, browser.page('two'));
    expect(offline.get().text).toBe(flowText(1, 10));
    offline.close();
    director.away = false;
    director.saves.push(flowText(0, 30));
    const draft = await opening(director, browser.page('three'));
    await until(draft, 'saved');
    expect(director.saves.at(-1)).toBe(flowText(1, 30));
    expect(browser.drafts.size).toBe(0);
  });

  it('joins what somebody else saved, and never takes it back by undo', async () => {
    const director = new Director();
    const news: string[][] = [];
    const draft = await opening(director, undefined, (_, modules) => news.push([...modules]));
    setting(draft, 'min', 1);
    await draft.settled();
    director.saves.push(flowText(1, 40));
    draft.heard(3);
    await until(draft, 'saved');
    expect(news).toEqual([['clean']]);
    expect(draft.undo()).toBe('Set min');
    expect(draft.get().text).toBe(flowText(0, 40));
    await draft.settled();
    expect(draft.redo()).toBe('Set min');
    expect(draft.get().text).toBe(flowText(1, 40));
  });

  it('shows a clash, goes on being kept, and saves what is chosen', async () => {
    const director = new Director();
    const browser = new Browser();
    const draft = await opening(director, browser.page('one'));
    director.saves.push(flowText(7, 10));
    setting(draft, 'min', 1);
    await until(draft, 'conflict');
    expect(draft.get().conflicts).toMatchObject([{ mine: 1, theirs: 7, base: 0 }]);
    expect(draft.get().text).toBe(flowText(1, 10));
    setting(draft, 'max', 50);
    expect(director.saves).toHaveLength(2);
    draft.choose(new Map([[draft.get().conflicts[0]!.pointer, 'mine']]));
    await until(draft, 'saved');
    expect(director.saves.at(-1)).toBe(flowText(1, 50));
  });

  it('is not alarmed by its own save whose answer was lost', async () => {
    const director = new Director();
    const news: unknown[] = [];
    const draft = await opening(director, undefined, (...args) => news.push(args));
    director.saves.push(flowText(1, 10));
    setting(draft, 'min', 1);
    await until(draft, 'saved');
    expect(news).toEqual([]);
    expect(director.saves).toHaveLength(2);
  });

  it('keeps a text that is no flow, and leaves the canvas alone until it is one', async () => {
    const director = new Director();
    const draft = await opening(director);
    draft.write('modules: [');
    expect(draft.get().unreadable.length).toBeGreaterThan(0);
    expect(draft.get().document.modules['clean']).toBeDefined();
    setting(draft, 'min', 1);
    expect(draft.get().text).toBe('modules: [');
    await draft.settled();
    expect(director.saves.at(-1)).toBe('modules: [');
    draft.undo();
    expect(draft.get()).toMatchObject({ text: flowText(0, 10), unreadable: [] });
  });
});

it('looks once when events may have been missed and none was', async () => {
  const director = new Director();
  let reads = 0;
  const read = director.read.bind(director);
  director.read = () => {
    reads += 1;
    return read();
  };
  const draft = await opening(director);
  draft.heard(draft.get().revision + 1);
  await draft.settled();
  // Longer than the next look would take.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(draft.get().saving).toBe('saved');
  expect(reads).toBe(2);
});
