/** The draft of a flow for as long as a page shows it: opened, followed by events, and closed. */
import { Failure } from '@millrace/schemas';
import { useEffect, useEffectEvent, useState, useSyncExternalStore } from 'react';
import { api } from '../../data/api.js';
import { useConnection, useLive } from '../../data/live.js';
import { useMe } from '../../data/me.js';
import type { DraftPlace } from './base.js';
import { openDraft, type Draft, type DraftState } from './draft.js';
import { keepFor } from './kept.js';

export interface Opening {
  draft: Draft | undefined;
  error: Error | undefined;
  retry(): void;
}

export function useDraft(flow: string, onJoined: (by: string, modules: readonly string[]) => void): Opening {
  const organization = useMe()?.organization.id ?? organizationBefore();
  const [opened, setOpened] = useState<{ draft?: Draft; error?: Error }>({});
  const [tries, setTries] = useState(0);
  const { state: line } = useConnection();
  const joined = useEffectEvent(onJoined);
  const { draft } = opened;

  useEffect(() => {
    if (organization === undefined) return undefined;
    localStorage.setItem(ORGANIZATION, organization);
    let wanted = true;
    let made: Draft | undefined;
    const open = async () => {
      const keep = await keepFor(organization, flow).catch(() => undefined);
      made = await openDraft({
        flow,
        place: placeOf(flow),
        keep,
        now: Date.now,
        onJoined: (by, modules) => joined(by, modules),
      }).catch((error: Error) => {
        keep?.close();
        throw error;
      });
      if (wanted) setOpened({ draft: made });
      else made.close();
    };
    open().catch((error: Error) => wanted && setOpened({ error }));
    return () => {
      wanted = false;
      made?.close();
      setOpened({});
    };
  }, [organization, flow, tries]);

  useLive('flow.draft-saved', ({ type, subject, data }) => {
    if (draft === undefined) return;
    // Events may have been missed: look.
    if (type === 'gap') draft.heard(draft.get().revision + 1);
    else if (subject === flow) draft.heard((data as { revision?: number }).revision ?? 0);
  });
  useEffect(() => {
    if (line === 'live') draft?.tryNow();
  }, [line, draft]);
  return { draft, error: opened.error, retry: () => setTries(tries + 1) };
}

export const useDraftState = (draft: Draft): DraftState => useSyncExternalStore(draft.subscribe, draft.get);

function placeOf(flow: string): DraftPlace {
  return {
    async read() {
      try {
        return (await api().flows.draft(flow)).value;
      } catch (error) {
        if (error instanceof Failure && error.code === 'flows.no-draft') return undefined;
        throw error;
      }
    },
    save: async (text, revision) => (await api().flows.saveDraft(flow, text, `"${revision}"`)).value,
  };
}

const ORGANIZATION = 'millrace.organization';

/** For a page that is loaded while the director is away: whose drafts this browser has. */
const organizationBefore = (): string | undefined => localStorage.getItem(ORGANIZATION) ?? undefined;
