/** The versions of a flow: what each is, where it runs, and what changed from one to another. */
import { useQuery } from '@tanstack/react-query';
import type { FlowVersion } from '@millrace/schemas';
import { Link, useSearchParams } from 'wouter';
import { api } from '../../data/api.js';
import { usePages } from '../../data/pages.js';
import { Empty, Loading, Page, WentWrong } from '../../ui/page.js';
import { Actions } from './actions.js';
import { Compared } from './compared.js';
import { sidesOf } from './sides.js';
import { VersionList } from './version-list.js';
import classes from './versions.module.css';

const LIMIT = 100;

export default function VersionsPage({ name }: { name: string }) {
  const [params, setParams] = useSearchParams();
  const versions = usePages<FlowVersion>(['flows', 'of', name, 'versions'], (cursor) =>
    api().flows.versions(name, { limit: LIMIT, cursor }),
  );
  const draft = useQuery({
    queryKey: ['flows', 'of', name, 'draft', 'compared'],
    queryFn: () => api().flows.draft(name),
  });
  const { from, to } = sidesOf(
    params.get('from'),
    params.get('to'),
    versions.items,
    draft.data?.value.revision,
  );
  const choose = (next: { from?: string; to: string }) =>
    setParams({ ...(next.from !== undefined && { from: next.from }), to: next.to }, { replace: true });

  return (
    <Page
      title={`${name}: versions`}
      full
      beside={<Link href={`/flows/${encodeURIComponent(name)}`}>Edit the draft</Link>}
      actions={to !== undefined && <Actions name={name} side={to} />}
    >
      {versions.loading && <Loading lines={6} />}
      {versions.error && versions.items.length === 0 && (
        <WentWrong error={versions.error} retry={versions.retry} />
      )}
      {!versions.loading && versions.error === null && (
        <div className={classes.columns}>
          <VersionList
            name={name}
            versions={versions}
            draft={draft.data?.value}
            from={from}
            to={to}
            onChoose={(side) => choose({ to: side })}
          />
          {to === undefined ? (
            <Empty title="Nothing to show yet">The flow has neither a draft nor a version.</Empty>
          ) : (
            <Compared
              key={`${from ?? ''} ${to}`}
              name={name}
              from={from}
              to={to}
              versions={versions.items}
              onFrom={(side) => choose({ from: side, to })}
            />
          )}
        </div>
      )}
    </Page>
  );
}
