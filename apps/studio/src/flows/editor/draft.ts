/**
 * A flow that is being edited: its document and text, undo, and how it is saved. Without React.
 *
 * Guarantee: every edit is at once on its way into the browser's own store, and soon to the director; what
 * somebody else saved meanwhile is joined with it, or both are shown; nothing is overwritten unseen.
 */
import { readFlow, rewriteFlow, type Conflict } from '@millrace/flow';
import { Failure, type FlowDocument, type ProblemPlace } from '@millrace/schemas';
import { blankFlow, firstBase, isOutage, readBase, type Base, type DraftPlace } from './base.js';
import { noHistory, rebased, redone, stepped, undone, type History } from './history.js';
import { changedModules, join, settle, written, type Written } from './joining.js';
import type { Keep } from './kept.js';
import { moved, patience, type Saving, type SavingEvent } from './saving.js';

export interface DraftState {
  text: string;
  /** Of the text, or of the last one that could be read. */
  document: FlowDocument;
  /** Why the text is no flow; then the canvas shows the last one that was, and cannot be edited. */
  unreadable: readonly ProblemPlace[];
  saving: Saving;
  /** Epoch milliseconds of the director's last yes. */
  savedAt: number | undefined;
  revision: number;
  /** Why it is away or refused. */
  why: Error | undefined;
  conflicts: readonly Conflict[];
  /** Who saved what we clash with. */
  theirs: { by: string } | undefined;
  history: History;
  /** Set when this browser cannot keep anything. */
  notKept: Error | undefined;
}

export interface DraftOptions {
  flow: string;
  place: DraftPlace;
  keep: Keep | undefined;
  now(): number;
  /** Somebody else's change was taken in. */
  onJoined(by: string, modules: readonly string[]): void;
  /** Milliseconds from an edit until it is sent. */
  sendAfter?: number;
}

export interface Draft {
  get(): DraftState;
  subscribe(listener: () => void): () => void;
  /** `key` names what is edited, so that typing in one field is one step back. */
  edit(label: string, document: FlowDocument, key?: string): void;
  write(text: string): void;
  /** What was taken back, or done again. */
  undo(): string | undefined;
  redo(): string | undefined;
  choose(choices: ReadonlyMap<string, 'mine' | 'theirs'>): void;
  /** The director said that this revision was saved. */
  heard(revision: number): void;
  /** Asks a director that was away again. */
  tryNow(): void;
  /** Resolves when the director has all of it; rejects with the reason when that will not be soon. */
  settled(): Promise<void>;
  close(): void;
}

const SEND_AFTER_MS = 350;

/** Rejects when the director cannot be asked and this browser has nothing of the flow. */
export async function openDraft(options: DraftOptions): Promise<Draft> {
  const { flow, place, keep, now, onJoined, sendAfter = SEND_AFTER_MS } = options;
  const found = (await keep?.found().catch(() => [])) ?? [];
  const first = await firstBase(place, flow, found[0]?.draft);

  let base: Base = first.base;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let tries = 0;
  let keeping: 'idle' | 'busy' | 'again' | 'next' = 'idle';
  let heardRevision = base.revision;
  let closed = false;
  /** With a conflict: what they have, and what both began with. */
  let clash: { base: Base; theirs: Base } | undefined;
  const listeners = new Set<() => void>();
  let state: DraftState = {
    text: base.text,
    document: base.document ?? blankFlow(flow),
    unreadable: readFlow(base.text).problems,
    saving: 'saved',
    savedAt: first.savedAt,
    revision: base.revision,
    why: undefined,
    conflicts: [],
    theirs: undefined,
    history: noHistory,
    notKept: undefined,
  };
  adopt();
  if (first.error !== undefined) enter('away', 'lost', first.error);

  function set(change: Partial<DraftState>): void {
    state = { ...state, ...change };
    for (const listener of listeners) listener();
  }

  function content({ text, document }: Written): Pick<DraftState, 'text' | 'document' | 'unreadable'> {
    return {
      text,
      document: document ?? state.document,
      unreadable: document === undefined ? readFlow(text).problems : [],
    };
  }

  function mine(): Written {
    return { text: state.text, document: state.unreadable.length > 0 ? undefined : state.document };
  }

  /** What pages of before left in this browser. What clashes with each other waits for the next opening. */
  function adopt(): void {
    for (const one of found) {
      const { draft } = one;
      if (state.conflicts.length > 0) return;
      const kept = written(draft.text);
      const keptBase = { ...written(draft.base.text), revision: draft.base.revision };
      const joined = join(keptBase, kept, mine());
      keep?.adopt(one);
      if (joined.conflicts.length > 0) {
        clash = { base: keptBase, theirs: { ...mine(), revision: base.revision } };
        set({ ...content(kept), saving: 'conflict', conflicts: joined.conflicts, theirs: { by: first.by } });
      } else if (joined.text === state.text) {
        void keep?.clear().catch(() => undefined);
      } else {
        set(content(joined));
        step('edited');
      }
      void keepIt();
    }
  }

  /** At once, and once more for what came while it was being written. */
  async function keepIt(): Promise<void> {
    // What waits for its turn is still written when it is closed.
    if (keep === undefined || (closed && keeping === 'idle')) return;
    if (keeping === 'busy' || keeping === 'again') {
      keeping = 'again';
      return;
    }
    keeping = 'busy';
    try {
      const { base: from } = clash ?? { base };
      if (state.saving === 'saved') await keep.clear();
      else
        await keep.put({
          text: state.text,
          base: { revision: from.revision, text: from.text },
          at: now(),
        });
      if (state.notKept) set({ notKept: undefined });
    } catch (error) {
      set({ notKept: error as Error });
    }
    const again = (keeping as string) === 'again';
    keeping = again ? 'next' : 'idle';
    if (again) await keepIt();
    else if (closed) keep.close();
  }

  function step(event: SavingEvent, why?: Error): void {
    const from = state.saving;
    const to = moved(from, event);
    if (to !== from || event === 'edited') enter(to, event, why);
  }

  function enter(to: Saving, event: SavingEvent, why?: Error): void {
    set({ saving: to, why });
    clearTimeout(timer);
    if (to === 'waiting') timer = setTimeout(() => step('due'), event === 'edited' ? sendAfter : 0);
    if (to === 'away') timer = setTimeout(() => step('due'), patience(tries++));
    if (to === 'sending' && event === 'due') void send();
    if (to === 'joining' && event !== 'edited') void readTheirs();
    if (to === 'saved') {
      tries = 0;
      void keepIt();
      if (heardRevision > base.revision) step('overtaken');
    }
  }

  async function send(): Promise<void> {
    const { text } = state;
    const sent = mine();
    if (text === base.text) return step('sent');
    try {
      const saved = await place.save(text, base.revision);
      if (closed) return;
      base = { ...sent, revision: saved.revision };
      set({ revision: saved.revision, savedAt: now() });
      tries = 0;
      step('sent');
      void keepIt();
    } catch (error) {
      if (closed) return;
      if (error instanceof Failure && error.code === 'platform.precondition-failed') step('overtaken');
      else step(isOutage(error) ? 'lost' : 'refused', error as Error);
    }
  }

  async function readTheirs(): Promise<void> {
    const heardBefore = heardRevision;
    try {
      const { base: theirs, by, savedAt } = await readBase(place, flow);
      if (closed) return;
      tries = 0;
      // What was heard before is in what was read, also when it was only a guess that something was missed.
      heardRevision = heardRevision === heardBefore ? theirs.revision : heardRevision;
      const from = clash?.base ?? base;
      const joined = join(from, mine(), theirs);
      if (joined.conflicts.length > 0) {
        clash = { base: from, theirs };
        set({ conflicts: joined.conflicts, theirs: { by } });
        step('clashed');
      } else {
        clash = undefined;
        // What is known already, such as our own save whose answer was lost, is nobody's news.
        const news = joined.text === state.text ? [] : changedModules(mine().document, joined.document);
        takeIn(joined, theirs, from);
        set({ savedAt });
        step('joined');
        if (news.length > 0) onJoined(by, news);
      }
      void keepIt();
    } catch (error) {
      if (!closed) step(isOutage(error) ? 'lost' : 'refused', error as Error);
    }
  }

  /** Theirs is what we go on from, and every step back has it too. */
  function takeIn(joined: Written, theirs: Base, from: Written): void {
    base = theirs;
    const history = rebased(state.history, (document) => {
      return join(from, { text: '\u0000', document }, theirs).document ?? document;
    });
    set({ ...content(joined), history, revision: theirs.revision, conflicts: [], theirs: undefined });
  }

  function changed(to: Written, label: string, key?: string): void {
    const before = { label, document: state.document, text: state.text };
    set({ ...content(to), history: stepped(state.history, before, now(), key) });
    step('edited');
    void keepIt();
  }

  function walk(way: typeof undone): string | undefined {
    const there = way(state.history, { document: state.document, text: state.text });
    if (there === undefined) return undefined;
    const { document, label } = there.step;
    set({
      history: there.history,
      ...content(
        there.step.text === undefined
          ? { text: rewriteFlow(state.text, document), document }
          : written(there.step.text),
      ),
    });
    step('edited');
    void keepIt();
    return label;
  }

  return {
    get: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    edit(label, document, key) {
      if (state.unreadable.length > 0 || document === state.document) return;
      const text = rewriteFlow(state.text, document);
      if (text !== state.text) changed({ text, document }, label, key);
    },
    write(text) {
      if (text !== state.text) changed(written(text), 'Edit the text', 'text');
    },
    undo: () => walk(undone),
    redo: () => walk(redone),
    choose(choices) {
      if (clash === undefined) return;
      const { base: from, theirs } = clash;
      const left = settle(join(from, mine(), theirs), mine(), choices);
      if (left.conflicts.length > 0) return set({ conflicts: left.conflicts });
      clash = undefined;
      takeIn(left, theirs, from);
      step('chosen');
      void keepIt();
    },
    heard(revision) {
      heardRevision = Math.max(heardRevision, revision);
      if (revision > base.revision && !state.saving.startsWith('sending')) step('overtaken');
    },
    tryNow() {
      if (state.saving === 'away' || state.saving === 'refused') step('due');
    },
    settled: () => settledOf({ get: () => state, listeners }),
    close() {
      closed = true;
      clearTimeout(timer);
      if (keeping === 'idle') keep?.close();
    },
  };
}

function settledOf(of: { get(): DraftState; listeners: Set<() => void> }): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const { saving, why } = of.get();
      const stuck: Partial<Record<Saving, Error>> = {
        away: why ?? new Error('The director does not answer.'),
        refused: why ?? new Error('The director refused the draft.'),
        conflict: new Error('Choose first what becomes of the changes that clash.'),
      };
      if (saving !== 'saved' && stuck[saving] === undefined) return;
      of.listeners.delete(look);
      if (saving === 'saved') resolve();
      else reject(stuck[saving]);
    };
    of.listeners.add(look);
    look();
  });
}
