/** One resource: its aliases with their history, its versions, what is known of the chosen one, and what is kept. */
import { Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ResourceVersion } from '@millrace/schemas';
import { Upload } from 'lucide-react';
import { useState } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { usePages } from '../data/pages.js';
import { OpenPromotions } from '../deployments/promotions/open-promotions.js';
import { PromoteSheet } from '../deployments/promotions/promote-sheet.js';
import { Confirm } from '../ui/confirm.js';
import { done } from '../ui/notify.js';
import { Card, Empty, Loading, Page, Show, WentWrong } from '../ui/page.js';
import { When } from '../ui/when.js';
import { Aliases } from './aliases.js';
import { DropZone } from './drop-zone.js';
import { KINDS } from './kinds.js';
import classes from './resource-page.module.css';
import { Retention } from './retention.js';
import { UploadSheet } from './upload-sheet.js';
import { VersionPanel } from './version-panel.js';
import { VersionState } from './version-state.js';

export function ResourcePage({ name }: { name: string }) {
  const [search, setSearch] = useSearchParams();
  const [dropped, setDropped] = useState<File[]>([]);
  const [removing, setRemoving] = useState(false);
  const [, go] = useLocation();
  const queries = useQueryClient();
  const mayWrite = useMay('catalogue.write');
  const resource = useQuery({
    queryKey: ['catalogue', 'resource', name],
    queryFn: () => api().catalogue.get(name),
  });
  const versions = usePages(['catalogue', 'versions', name], (cursor) =>
    api().catalogue.versions(name, { cursor, limit: 100 }),
  );
  const chosen = Number(search.get('version')) || versions.items[0]?.version;
  const ready = versions.items.find(({ state }) => state === 'ready')?.version;
  const promote = (version: number | undefined, alias: string) =>
    setSearch({ ...(version !== undefined && { version: String(version) }), promote: alias });
  const closeSheet = () => setSearch({ ...(search.has('version') && { version: search.get('version')! }) });
  const upload = (files: File[]) => {
    setDropped(files);
    setSearch({ upload: '' });
  };
  const actions = mayWrite && (
    <>
      <Button variant="default" onClick={() => setRemoving(true)}>
        Delete
      </Button>
      <Button leftSection={<Upload size={14} />} onClick={() => upload([])}>
        New version
      </Button>
    </>
  );
  return (
    <DropZone disabled={!mayWrite} onFiles={upload}>
      <Page
        title={name}
        beside={
          resource.data?.kind && (
            <Badge variant="default" tt="none" fw={500}>
              {KINDS[resource.data.kind]}
            </Badge>
          )
        }
        actions={actions}
      >
        <Show of={resource}>
          {({ description }) => (
            <Stack>
              {description && <Text size="sm">{description}</Text>}
              <OpenPromotions resource={name} />
              <Aliases name={name} versions={versions.items} onPromote={(alias) => promote(ready, alias)} />
              <div className={classes.columns}>
                <Versions
                  pages={versions}
                  chosen={chosen}
                  onChoose={(version) => setSearch({ version: String(version) })}
                />
                {chosen !== undefined && (
                  <VersionPanel
                    key={chosen}
                    name={name}
                    version={chosen}
                    onPromote={() => promote(chosen, '')}
                  />
                )}
              </div>
              <Retention name={name} />
            </Stack>
          )}
        </Show>
        <UploadSheet
          opened={search.has('upload') && mayWrite}
          dropped={dropped}
          name={name}
          onClose={() => setSearch({})}
        />
        <PromoteSheet
          opened={search.has('promote')}
          resource={name}
          version={chosen}
          alias={search.get('promote') || undefined}
          onClose={closeSheet}
        />
        <Confirm
          opened={removing}
          onClose={() => setRemoving(false)}
          title={`Delete ${name}?`}
          verb="Delete"
          act={async () => {
            await api().catalogue.remove(name);
            done(`${name} was deleted.`);
            await queries.invalidateQueries({ queryKey: ['catalogue'] });
            go('/catalogue');
          }}
        >
          All {versions.items.length} versions and their bytes go. When a flow version is locked to one of
          them, nothing is deleted and you are told which.
        </Confirm>
      </Page>
    </DropZone>
  );
}

interface VersionsProps {
  pages: ReturnType<typeof usePages<ResourceVersion>>;
  chosen: number | undefined;
  onChoose(version: number): void;
}

function Versions({ pages, chosen, onChoose }: VersionsProps) {
  if (pages.loading) return <Loading />;
  if (pages.error && pages.items.length === 0) return <WentWrong error={pages.error} retry={pages.retry} />;
  return (
    <Card title="Versions">
      {pages.items.length === 0 && <Empty title="No version yet">Drop a file here.</Empty>}
      <ul className={classes.versions}>
        {pages.items.map((one) => (
          <li key={one.version}>
            <button
              type="button"
              className={classes.version}
              aria-current={one.version === chosen ? 'true' : undefined}
              onClick={() => onChoose(one.version)}
            >
              <Group justify="space-between" wrap="nowrap">
                <strong>@{one.version}</strong>
                <VersionState of={one} />
              </Group>
              <Text size="xs" c="dimmed" truncate>
                {one.note ?? one.fileName} · <When at={one.createdAt} />
              </Text>
              {one.aliases.length > 0 && (
                <Group gap={4} mt={4}>
                  {one.aliases.map((alias) => (
                    <Badge key={alias} variant="light" tt="none" fw={500} size="sm">
                      {alias}
                    </Badge>
                  ))}
                </Group>
              )}
            </button>
          </li>
        ))}
      </ul>
      {pages.more && (
        <Button variant="subtle" fullWidth onClick={pages.readMore}>
          Older versions
        </Button>
      )}
    </Card>
  );
}
