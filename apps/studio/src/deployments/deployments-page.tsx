/** What was brought where, and what stays: deployments, and the assignments that they left. */
import { Button, Tabs } from '@mantine/core';
import { Rocket } from 'lucide-react';
import { useSearchParams } from 'wouter';
import { Allowed } from './allowed.js';
import { AssignmentList } from './assignment-list.js';
import { DeploySheet } from './deploy/deploy-sheet.js';
import { DeploymentList } from './deployment-list.js';
import { Page } from '../ui/page.js';

/** The words of the sheet in the address; they go when it is closed. */
const SHEET = ['new', 'flow', 'version', 'group'];

export function DeploymentsPage() {
  const [params, setParams] = useSearchParams();
  const tab = params.get('tab') === 'assignments' ? 'assignments' : 'deployments';
  const set = (change: (next: URLSearchParams) => void) =>
    setParams((before) => {
      const next = new URLSearchParams(before);
      change(next);
      return next;
    });
  return (
    <Page
      title="Deployments"
      actions={
        <Allowed to="deployments.write">
          <Button leftSection={<Rocket size={14} />} onClick={() => set((next) => next.set('new', ''))}>
            Deploy a flow
          </Button>
        </Allowed>
      }
    >
      <Tabs
        value={tab}
        onChange={(to) => setParams(to === 'assignments' ? { tab: 'assignments' } : {})}
        keepMounted={false}
      >
        <Tabs.List mb="sm">
          <Tabs.Tab value="deployments">Deployments</Tabs.Tab>
          <Tabs.Tab value="assignments">Assignments: what runs where</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="deployments">
          <DeploymentList />
        </Tabs.Panel>
        <Tabs.Panel value="assignments">
          <AssignmentList />
        </Tabs.Panel>
      </Tabs>
      <DeploySheet
        opened={params.has('new')}
        asked={{
          flow: params.get('flow') ?? undefined,
          version: Number(params.get('version')) || undefined,
          group: params.get('group') ?? undefined,
        }}
        onClose={() => set((next) => SHEET.forEach((word) => next.delete(word)))}
      />
    </Page>
  );
}
