/** Every model, script, runtime and data file, promotions of them, and what is kept; dropped files are uploaded. */
import { Badge, Button, Stack, Tabs, Text } from '@mantine/core';
import type { Resource } from '@millrace/schemas';
import { Upload } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { useActors } from '../data/actors.js';
import { api } from '../data/api.js';
import { useMay } from '../data/me.js';
import { usePages } from '../data/pages.js';
import { useWaitingForMe, WaitsForYou } from '../deployments/promotions/open-promotions.js';
import { PromotionList } from '../deployments/promotions/promotion-list.js';
import { List, type Column } from '../ui/list.js';
import { Empty, Page } from '../ui/page.js';
import { When } from '../ui/when.js';
import { AliasChips } from './alias-chips.js';
import { DropZone } from './drop-zone.js';
import { KINDS } from './kinds.js';
import { Retention } from './retention.js';
import { UploadSheet } from './upload-sheet.js';
import { useUploads } from './uploads.js';

const columnsFor = (actor: (id: string) => string): Column<Resource>[] => [
  {
    key: 'name',
    title: 'Name',
    width: 'minmax(180px, 2fr)',
    cell: ({ name }) => <strong title={name}>{name}</strong>,
  },
  {
    key: 'kind',
    title: 'Kind',
    width: '100px',
    cell: ({ kind }) =>
      kind ? (
        <Badge variant="default" tt="none" fw={500}>
          {KINDS[kind]}
        </Badge>
      ) : (
        'no version yet'
      ),
  },
  {
    key: 'latest',
    title: 'Latest',
    width: '80px',
    cell: ({ latest }) => (latest === null ? '–' : `@${latest}`),
  },
  {
    key: 'aliases',
    title: 'Aliases',
    width: 'minmax(180px, 2fr)',
    cell: ({ aliases }) => <AliasChips aliases={aliases} />,
  },
  {
    key: 'description',
    title: 'About',
    width: 'minmax(120px, 2fr)',
    cell: ({ description }) => <span title={description ?? ''}>{description}</span>,
    extra: true,
  },
  {
    key: 'by',
    title: 'Made by',
    width: 'minmax(120px, 1fr)',
    cell: ({ createdBy }) => <span title={createdBy}>{actor(createdBy)}</span>,
  },
  { key: 'at', title: 'Made', width: '110px', cell: ({ createdAt }) => <When at={createdAt} /> },
];

/** The first is what the room is for, and needs no word in the address. */
const TABS = ['resources', 'promotions', 'retention'] as const;

export function CataloguePage() {
  const [search, setSearch] = useSearchParams();
  const mayWrite = useMay('catalogue.write');
  const running = useUploads().filter(({ step }) => !['ready', 'stopped', 'failed'].includes(step)).length;
  const waiting = useWaitingForMe().length;
  const [dropped, setDropped] = useState<File[]>([]);
  const tab = TABS.find((one) => one === search.get('tab')) ?? 'resources';
  const open = (files: File[]) => {
    setDropped(files);
    setSearch({ upload: '' });
  };
  const close = () => {
    setDropped([]);
    setSearch({});
  };
  const upload = (
    <Button leftSection={<Upload size={14} />} onClick={() => open([])}>
      {running > 0 ? `Uploading ${running}` : 'Upload'}
    </Button>
  );
  return (
    <DropZone disabled={!mayWrite} onFiles={open}>
      <Page title="Catalogue" actions={mayWrite && upload}>
        <Stack gap="sm">
          <WaitsForYou />
          <Tabs
            value={tab}
            onChange={(to) => setSearch(to === null || to === 'resources' ? {} : { tab: to })}
            keepMounted={false}
          >
            <Tabs.List mb="sm">
              <Tabs.Tab value="resources">Resources</Tabs.Tab>
              <Tabs.Tab value="promotions">
                Promotions{waiting > 0 && `: ${waiting === 1 ? '1 waits' : `${waiting} wait`} for you`}
              </Tabs.Tab>
              <Tabs.Tab value="retention">Old versions</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="resources">
              <Resources upload={mayWrite && upload} />
            </Tabs.Panel>
            <Tabs.Panel value="promotions">
              <PromotionList />
            </Tabs.Panel>
            <Tabs.Panel value="retention">
              <Retention />
            </Tabs.Panel>
          </Tabs>
        </Stack>
        <UploadSheet opened={search.has('upload') && mayWrite} dropped={dropped} onClose={close} />
      </Page>
    </DropZone>
  );
}

/** `upload`: the button, for who may. */
function Resources({ upload }: { upload: ReactNode }) {
  const [, go] = useLocation();
  const actor = useActors();
  const pages = usePages(['catalogue', 'list'], (cursor) => api().catalogue.list({ cursor, limit: 100 }));
  return (
    <Stack>
      <List
        name="resources"
        columns={columnsFor(actor)}
        pages={pages}
        keyOf={({ name }) => name}
        open={({ name }) => go(`/catalogue/${encodeURIComponent(name)}`)}
        height="calc(100vh - 268px)"
        empty={
          <Empty title="Nothing is in the catalogue yet" action={upload}>
            Models, scripts and data that flows use lie here, each version named by its digest. Drop an ONNX
            file anywhere on this page.
          </Empty>
        }
      />
      {upload && pages.items.length > 0 && (
        <Text size="xs" c="dimmed">
          Files dropped on this page are uploaded.
        </Text>
      )}
    </Stack>
  );
}
