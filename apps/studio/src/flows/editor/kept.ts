/**
 * Drafts in this browser (IndexedDB), so that an edit outlives a browser that is killed and a director that is
 * away. A page writes its own copy; copies of pages that are gone are found when the flow is opened again.
 *
 * Not in localStorage, which a browser writes to the disk seconds later.
 */
export interface KeptDraft {
  text: string;
  /** What the director had when this was begun. */
  base: { revision: number; text: string };
  /** Epoch milliseconds of the last edit. */
  at: number;
}

export interface FoundDraft {
  key: readonly string[];
  draft: KeptDraft;
}

export interface Keep {
  /** Copies that pages left which are not open any more, the oldest first. */
  found(): Promise<FoundDraft[]>;
  /** What was found is in what is put next, and goes with it. */
  adopt(found: FoundDraft): void;
  put(draft: KeptDraft): Promise<void>;
  /** The director has it all. */
  clear(): Promise<void>;
  close(): void;
}

const STORE = 'drafts';

export async function keepFor(organization: string, flow: string): Promise<Keep> {
  const database = await open();
  const flowKey = `${organization}/${flow}`;
  const page = `${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`;
  const ownKey = [flowKey, page];
  const release = hold(lockOf(flowKey, page));
  let adopted: IDBValidKey[] = [];

  return {
    async found() {
      const open = await heldLocks();
      const range = IDBKeyRange.bound([flowKey], [flowKey, '\uffff']);
      const store = database.transaction(STORE).objectStore(STORE);
      const [keys, drafts] = await Promise.all([
        done(store.getAllKeys(range)),
        done(store.getAll(range) as IDBRequest<KeptDraft[]>),
      ]);
      return keys
        .map((key, index): FoundDraft => ({ key: key as string[], draft: drafts[index]! }))
        .filter(({ key }) => !open.has(lockOf(flowKey, key[1]!)))
        .toSorted((a, b) => a.draft.at - b.draft.at);
    },
    adopt: ({ key }) => void adopted.push([...key]),
    put: (draft) => change((store) => store.put(draft, ownKey)),
    clear: () => change((store) => store.delete(ownKey)),
    close() {
      release();
      database.close();
    },
  };

  function change(write: (store: IDBObjectStore) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, 'readwrite', { durability: 'strict' });
      const store = transaction.objectStore(STORE);
      for (const key of adopted) store.delete(key);
      adopted = [];
      write(store);
      transaction.addEventListener('complete', () => resolve());
      transaction.addEventListener('abort', () => reject(transaction.error as DOMException));
    });
  }
}

const lockOf = (flowKey: string, page: string) => `millrace.draft.${flowKey}/${page}`;

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open('millrace', 1);
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE));
  return done(request);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error as DOMException));
  });
}

/** Held while the page lives. Without locks (a page that is not secure) every copy counts as left. */
function hold(name: string): () => void {
  let release = () => undefined as void;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  void (navigator.locks as LockManager | undefined)?.request(name, () => held);
  return release;
}

async function heldLocks(): Promise<Set<string>> {
  const state = await (navigator.locks as LockManager | undefined)?.query();
  return new Set(state?.held?.map(({ name }) => name ?? ''));
}
