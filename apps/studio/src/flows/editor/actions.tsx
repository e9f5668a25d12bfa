/** What one does with the whole flow: check, test, publish, deploy, look at its versions. */
import { Button, Menu, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ChevronDown } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { Link } from 'wouter';
import { api } from '../../data/api.js';
import { useMay } from '../../data/me.js';
import { failed } from '../../ui/notify.js';
import type { Draft } from './draft.js';

const PublishDialog = lazy(() => import('./publish-dialog.js'));

interface ActionsProps {
  name: string;
  draft: Draft;
  onCheck(): Promise<void>;
  onTest(): void;
  onProblems(): void;
}

export function Actions({ name, draft, onCheck, onTest, onProblems }: ActionsProps) {
  const may = useMay('flows.write');
  const [checking, setChecking] = useState(false);
  const [publishing, setPublishing] = useState(false);
  const flow = useQuery({ queryKey: ['flows', 'flow', name], queryFn: () => api().flows.get(name) }).data;
  const version = flow?.latestVersion ?? undefined;
  const path = `/flows/${encodeURIComponent(name)}`;
  const check = async () => {
    setChecking(true);
    try {
      await onCheck();
    } catch (error) {
      failed('Could not check the flow', error);
    } finally {
      setChecking(false);
    }
  };
  return (
    <>
      <Button variant="default" loading={checking} onClick={() => void check()}>
        Check
      </Button>
      <Button variant="default" onClick={onTest}>
        Test
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" rightSection={<ChevronDown size={14} />}>
            {version === undefined ? 'Not published' : `Version ${version}`}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} href={`${path}/versions`}>
            Versions
          </Menu.Item>
          {version === undefined ? (
            <Menu.Item disabled>Deploy: publish it first</Menu.Item>
          ) : (
            <Menu.Item
              component={Link}
              href={`/deployments?new&flow=${encodeURIComponent(name)}&version=${version}`}
            >
              Deploy version {version}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <Tooltip label="You may look at flows, but not publish them" disabled={may}>
        <Button disabled={!may} onClick={() => setPublishing(true)}>
          Publish
        </Button>
      </Tooltip>
      {publishing && (
        <Suspense>
          <PublishDialog
            flow={name}
            draft={draft}
            onClose={() => setPublishing(false)}
            onProblems={() => {
              setPublishing(false);
              onProblems();
            }}
          />
        </Suspense>
      )}
    </>
  );
}
