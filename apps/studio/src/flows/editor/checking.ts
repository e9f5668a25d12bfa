/**
 * What is wrong with a flow: found here as one types, by the check of `millrace check`, and by the director,
 * which also knows the resources.
 */
import { checkFlow } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import type { FlowChecked, ProblemPlace } from '@millrace/schemas';
import { useEffect, useState } from 'react';
import { api } from '../../data/api.js';
import type { DraftState } from './draft.js';

const TYPING_MS = 150;
const DIRECTOR_MS = 800;

export interface Problems {
  places: readonly ProblemPlace[];
  /** The director has checked exactly this. */
  checkedByDirector: boolean;
  /** Checks at once, at the director. */
  checkNow(): Promise<FlowChecked>;
}

export function useProblems(flow: string, { document, unreadable, text }: DraftState): Problems {
  const [found, setFound] = useState<readonly ProblemPlace[]>([]);
  const [theirs, setTheirs] = useState<{ text: string; problems: readonly ProblemPlace[] }>();
  useEffect(() => {
    const timer = setTimeout(
      () =>
        setFound(
          unreadable.length > 0 ? unreadable : [...misnamed(flow, document), ...checkFlow(document, kinds)],
        ),
      TYPING_MS,
    );
    return () => clearTimeout(timer);
  }, [flow, document, unreadable]);
  useEffect(() => {
    let wanted = true;
    const timer = setTimeout(() => {
      // A director that is away is told beside the name of the flow; what is found here stays.
      void api()
        .flows.check(flow, text)
        // Of a text that is gone it may come after the answer about the one that is there.
        .then(({ problems }) => wanted && setTheirs({ text, problems }))
        .catch(() => undefined);
    }, DIRECTOR_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [flow, text]);
  const checkedByDirector = theirs?.text === text;
  return {
    places: checkedByDirector ? theirs.problems : together(found, theirs?.problems ?? [], document),
    checkedByDirector,
    async checkNow() {
      const checked = await api().flows.check(flow, text);
      setTheirs({ text, problems: checked.problems });
      return checked;
    },
  };
}

function misnamed(flow: string, { metadata }: DraftState['document']): ProblemPlace[] {
  if (metadata.name === flow) return [];
  return [
    {
      code: 'flows.shape',
      pointer: '/metadata/name',
      detail: `The document is called ${metadata.name} and the flow ${flow}. Write ${flow} here.`,
    },
  ];
}

/** What is found here now, and what only the director can know, from its last look. */
function together(
  here: readonly ProblemPlace[],
  there: readonly ProblemPlace[],
  { modules }: DraftState['document'],
): ProblemPlace[] {
  const only = there.filter(
    ({ code, module }) =>
      (code === 'flows.resource' || code === 'flows.contract-unmet' || code?.startsWith('catalogue.')) &&
      (module === undefined || Object.hasOwn(modules, module)),
  );
  return [...here, ...only.filter(({ detail }) => !here.some((one) => one.detail === detail))];
}

/** How many problems each module has. */
export function countByModule(places: readonly ProblemPlace[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { module } of places) {
    if (module !== undefined) counts.set(module, (counts.get(module) ?? 0) + 1);
  }
  return counts;
}
