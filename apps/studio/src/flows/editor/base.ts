/**
 * What a draft goes on from: as the director has it, and while it is away, as this browser kept it. A flow that
 * nobody has saved yet begins with nothing in it.
 */
import { rewriteFlow } from '@millrace/flow';
import { Failure, type FlowDocument, type FlowDraft } from '@millrace/schemas';
import { written, type Written } from './joining.js';
import type { KeptDraft } from './kept.js';

/** The director, as far as a draft goes. */
export interface DraftPlace {
  /** Undefined while nothing was saved. */
  read(): Promise<FlowDraft | undefined>;
  save(text: string, revision: number): Promise<FlowDraft>;
}

export interface Base extends Written {
  revision: number;
}

interface Read {
  base: Base;
  by: string;
  savedAt?: number;
  /** Why it is only what this browser had. */
  error?: Error;
}

export async function readBase(place: DraftPlace, flow: string): Promise<Read> {
  const draft = await place.read();
  if (draft === undefined)
    return { base: { ...written(rewriteFlow(null, blankFlow(flow))), revision: 0 }, by: '' };
  const text = draft.text ?? rewriteFlow(null, draft.document as FlowDocument);
  return {
    base: { ...written(text), revision: draft.revision },
    by: draft.savedBy,
    savedAt: Date.parse(draft.savedAt),
  };
}

/** Rejects when the director cannot be asked and this browser has nothing of the flow. */
export async function firstBase(place: DraftPlace, flow: string, kept: KeptDraft | undefined): Promise<Read> {
  try {
    return await readBase(place, flow);
  } catch (error) {
    if (kept === undefined || !isOutage(error)) throw error;
    const { text, revision } = kept.base;
    return { base: { ...written(text), revision }, by: '', error: error as Error };
  }
}

export const blankFlow = (name: string): FlowDocument => ({
  apiVersion: 'millrace/v1',
  kind: 'Flow',
  metadata: { name },
  modules: {},
});

export const isOutage = (error: unknown): boolean => error instanceof Failure && error.row.kind === 'outage';
