/** The page of one flow: its draft is opened, then edited. */
import { Anchor } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Failure } from '@millrace/schemas';
import { useState } from 'react';
import { useActors } from '../../data/actors.js';
import { Empty, Loading, Page, WentWrong } from '../../ui/page.js';
import { Editor } from './editor.js';
import { useDraft } from './use-draft.js';

const FLASH_MS = 1_800;
const NAMED = 4;
const NOTHING: ReadonlySet<string> = new Set();

export default function EditorPage({ name }: { name: string }) {
  const actor = useActors();
  const [flash, setFlash] = useState(NOTHING);
  const { draft, error, retry } = useDraft(name, (by, modules) => {
    const more = modules.length > NAMED ? ` and ${modules.length - NAMED} more` : '';
    notifications.show({
      message: `${actor(by)} changed ${modules.slice(0, NAMED).join(', ')}${more}`,
      color: 'blue',
      role: 'status',
    });
    const changed = new Set(modules);
    setFlash(changed);
    // Another change may have come since, and has its own time.
    setTimeout(() => setFlash((now) => (now === changed ? NOTHING : now)), FLASH_MS);
  });
  if (draft !== undefined) return <Editor key={name} name={name} draft={draft} flash={flash} />;
  const gone = error instanceof Failure && error.code === 'flows.not-found';
  return (
    <Page title={name}>
      {gone ? (
        <Empty title={`There is no flow ${name}`} action={<Anchor href="/flows">All flows</Anchor>}>
          It may have been deleted, or the address is mistyped.
        </Empty>
      ) : error ? (
        <WentWrong error={error} retry={retry} />
      ) : (
        <Loading lines={6} />
      )}
    </Page>
  );
}
