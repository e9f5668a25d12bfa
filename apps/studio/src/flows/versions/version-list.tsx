/** The draft on top, then every version with its note, who, when and where it runs; below, the draft's saves. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { FlowDraft, FlowVersion } from '@millrace/schemas';
import { useActors } from '../../data/actors.js';
import { api } from '../../data/api.js';
import type { Pages } from '../../data/pages.js';
import { Ident } from '../../ui/ident.js';
import { State } from '../../ui/state.js';
import { many } from '../../ui/units.js';
import { When } from '../../ui/when.js';
import { Saves } from './saves.js';
import { DRAFT, type Side } from './sides.js';
import classes from './versions.module.css';

interface VersionListProps {
  name: string;
  versions: Pages<FlowVersion>;
  draft: FlowDraft | undefined;
  from: Side | undefined;
  to: Side | undefined;
  onChoose(to: Side): void;
}

export function VersionList({ name, versions, draft, from, to, onChoose }: VersionListProps) {
  const who = useActors();
  const where = useQuery({
    queryKey: ['deployments', 'assignments', name, 'versions'],
    queryFn: () => api().deployments.assignments({ flow: name, limit: 200 }),
  }).data?.items;
  const newest = versions.items[0];
  const published = draft !== undefined && draft.revision === newest?.draftRevision;
  return (
    <nav className={classes.list} aria-label="Versions">
      <ol>
        {draft !== undefined && draft.revision > 0 && (
          <Row side={DRAFT} from={from} to={to} onChoose={onChoose} title="Draft">
            <span>
              {published ? `as published in @${newest.version}` : 'changed since the newest version'}
            </span>
            <span>
              saved <When at={draft.savedAt} /> by {who(draft.savedBy)}
            </span>
            {draft.problems.length > 0 && <State is="look">{many(draft.problems.length, 'problem')}</State>}
          </Row>
        )}
        {versions.items.map(({ version, note, publishedAt, publishedBy, digest }) => {
          const here = (where ?? []).filter((one) => one.version === version);
          return (
            <Row
              key={version}
              side={String(version)}
              from={from}
              to={to}
              onChoose={onChoose}
              title={`@${version}`}
              beside={<Ident id={digest} label="digest" />}
            >
              <span className={classes.note} title={note ?? undefined}>
                {note ?? 'without a note'}
              </span>
              <span>
                <When at={publishedAt} /> by {who(publishedBy)}
              </span>
              {here.length > 0 && (
                <State is="good">
                  <span className={classes.where} title={here.map(({ groupName }) => groupName).join(', ')}>
                    runs on {here.map(({ groupName }) => groupName).join(', ')} (
                    {many(
                      here.reduce((sum, { nodes }) => sum + nodes, 0),
                      'node',
                    )}
                    )
                  </span>
                </State>
              )}
            </Row>
          );
        })}
      </ol>
      {versions.items.length === 0 && <p className={classes.none}>No version is published yet.</p>}
      {versions.more && (
        <Button variant="subtle" onClick={versions.readMore}>
          Show older
        </Button>
      )}
      <Saves name={name} />
    </nav>
  );
}

interface RowProps {
  side: Side;
  from: Side | undefined;
  to: Side | undefined;
  title: string;
  beside?: React.ReactNode;
  onChoose(to: Side): void;
  children: React.ReactNode;
}

function Row({ side, from, to, title, beside, onChoose, children }: RowProps) {
  const here = side === to;
  return (
    <li className={classes.row} data-here={here || undefined} data-from={side === from || undefined}>
      <div className={classes.title}>
        <button type="button" aria-current={here || undefined} onClick={() => onChoose(side)}>
          {title}
        </button>
        {side === from && <span className={classes.tag}>compared with</span>}
        {beside}
      </div>
      {children}
    </li>
  );
}
