/** Every save of the draft is kept; each can be brought back. Folded, and read when it is opened. */
import { Button, UnstyledButton } from '@mantine/core';
import type { FlowDraftSaved } from '@millrace/schemas';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { useState } from 'react';
import { useActors } from '../../data/actors.js';
import { api } from '../../data/api.js';
import { useMay } from '../../data/me.js';
import { usePages } from '../../data/pages.js';
import { Loading, WentWrong } from '../../ui/page.js';
import { When } from '../../ui/when.js';
import { Restore, textOf } from './restore.js';
import classes from './versions.module.css';

const LIMIT = 30;

export function Saves({ name }: { name: string }) {
  const [open, setOpen] = useState(false);
  const Icon = open ? ChevronDown : ChevronRight;
  return (
    <section className={classes.saves} aria-label="Saves of the draft">
      <UnstyledButton aria-expanded={open} onClick={() => setOpen(!open)} className={classes.fold}>
        <Icon size={14} aria-hidden /> Saves of the draft
      </UnstyledButton>
      {open && <SaveList name={name} />}
    </section>
  );
}

function SaveList({ name }: { name: string }) {
  const who = useActors();
  const may = useMay('flows.write');
  const [restoring, setRestoring] = useState<number>();
  const saves = usePages<FlowDraftSaved>(['flows', 'of', name, 'saves'], (cursor) =>
    api().flows.saves(name, { limit: LIMIT, cursor }),
  );
  if (saves.loading) return <Loading lines={3} />;
  if (saves.error && saves.items.length === 0) return <WentWrong error={saves.error} retry={saves.retry} />;
  return (
    <>
      <ol>
        {saves.items.map(({ revision, savedAt, savedBy }, index) => (
          <li key={revision} className={classes.save}>
            <span>
              Save {revision}, <When at={savedAt} />
              <br />
              {who(savedBy)}
            </span>
            {index === 0 ? (
              <span>present</span>
            ) : (
              <Button
                variant="default"
                size="compact-xs"
                disabled={!may}
                aria-label={`Restore save ${revision}`}
                onClick={() => setRestoring(revision)}
              >
                Restore
              </Button>
            )}
          </li>
        ))}
      </ol>
      {saves.more && (
        <Button variant="subtle" onClick={saves.readMore}>
          Show older
        </Button>
      )}
      {restoring !== undefined && (
        <Restore
          name={name}
          what={`save ${restoring}`}
          read={async () => textOf(await api().flows.saved(name, restoring))}
          onClose={() => setRestoring(undefined)}
        />
      )}
    </>
  );
}
