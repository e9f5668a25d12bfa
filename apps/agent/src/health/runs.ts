/**
 * What scripts of other languages can run in on this node: interpreters with their versions, and the sandbox.
 *
 * Guarantee: asked at most every ten minutes, since each question starts a process; a language that is not here
 * is not named.
 */
import { interpreters, sandboxKind } from '@millrace/inference';
import type { NodeFacts } from '@millrace/schemas';

export type Runs = Required<Pick<NodeFacts, 'runtimes' | 'sandbox'>>;

const STALE_MS = 10 * 60_000;

export interface WhatRuns {
  /** As it was found last; nothing before the first answers are there. */
  facts(): Partial<Runs>;
}

/** `onChange`: other things were found than before. */
export function whatRuns({ now, onChange }: { now(): number; onChange(): void }): WhatRuns {
  let known: Partial<Runs> = {};
  let askedAt = -Infinity;

  async function refresh(): Promise<void> {
    const found = await ask();
    const changed = JSON.stringify(found) !== JSON.stringify(known);
    known = found;
    if (changed) onChange();
  }

  return {
    facts() {
      if (now() - askedAt > STALE_MS) {
        askedAt = now();
        void refresh();
      }
      return known;
    },
  };
}

async function ask(): Promise<Runs> {
  const runtimes = { node: process.versions.node, ...(await interpreters()) };
  return { runtimes, sandbox: await sandboxKind() };
}
