/**
 * Puts an older text into the draft. The present draft stays among the saves, and when it is something else one
 * is asked first. Nobody else's save is lost: the draft that was seen is the one that is replaced.
 */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useLocation } from 'wouter';
import { useActors } from '../../data/actors.js';
import { api } from '../../data/api.js';
import { queries } from '../../data/queries.js';
import { Confirm } from '../../ui/confirm.js';
import { done, failed } from '../../ui/notify.js';
import { When } from '../../ui/when.js';

interface RestoreProps {
  name: string;
  /** Such as `@3`. */
  what: string;
  read(): Promise<string>;
  onClose(): void;
}

/** As it was written; what came as a document is JSON, which is YAML too. */
export const textOf = (of: { text: string | null; document: unknown }): string =>
  of.text ?? `${JSON.stringify(of.document, null, 2)}\n`;

export function Restore({ name, what, read, onClose }: RestoreProps) {
  const who = useActors();
  const [, go] = useLocation();
  const found = useQuery({
    queryKey: ['flows', 'of', name, 'restore', what],
    gcTime: 0,
    staleTime: 'static',
    queryFn: async () => {
      const [draft, text] = await Promise.all([api().flows.draft(name), read()]);
      return { draft, text };
    },
  });
  const { data, error } = found;
  const differs =
    data !== undefined && data.draft.value.revision > 0 && textOf(data.draft.value) !== data.text;

  const begun = useRef(false);
  const act = async () => {
    // Once it is saved the draft no longer differs, which is no reason to save it again.
    begun.current = true;
    const { draft, text } = data!;
    await api().flows.saveDraft(name, text, draft.etag);
    await queries.invalidateQueries({ queryKey: ['flows'] });
    done(`The draft of ${name} is ${what} now. What it was before is among its saves`);
    go(`/flows/${encodeURIComponent(name)}`);
  };
  useEffect(() => {
    if (begun.current || (data === undefined && error === null) || differs) return;
    begun.current = true;
    const work = error ? Promise.reject(error) : act();
    void work
      .catch((thrown: unknown) => failed(`Could not restore ${what} of ${name}`, thrown))
      .finally(onClose);
  });
  if (!differs) return null;
  const { revision, savedAt, savedBy } = data.draft.value;
  return (
    <Confirm
      opened
      onClose={onClose}
      title={`Restore ${what} as the draft of ${name}?`}
      verb={`Restore ${what}`}
      act={act}
    >
      The present draft (save {revision}, <When at={savedAt} /> by {who(savedBy)}) differs from {what}. It is
      kept among the saves of the draft and can be restored from there. Nothing that runs changes.
    </Confirm>
  );
}
