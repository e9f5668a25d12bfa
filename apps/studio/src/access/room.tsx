/** Settings: who may do what here, and what was done. */
import { Tabs } from '@mantine/core';
import { useLocation } from 'wouter';
import { useMe } from '../data/me.js';
import { Page } from '../ui/page.js';
import { AuditPage } from './audit-page.js';
import { OwnPage } from './own-page.js';
import { PeoplePage } from './people-page.js';
import { RolesPage } from './roles-page.js';
import { TokensPage } from './tokens-page.js';

const TABS = [
  { key: 'you', word: 'You', needs: undefined, Content: OwnPage },
  { key: 'people', word: 'People', needs: 'access.read', Content: PeoplePage },
  { key: 'roles', word: 'Roles', needs: undefined, Content: RolesPage },
  { key: 'tokens', word: 'API tokens', needs: 'access.read', Content: TokensPage },
  { key: 'audit', word: 'Audit', needs: 'audit.read', Content: AuditPage },
] as const;

export default function Settings() {
  const [path, go] = useLocation();
  const me = useMe();
  const may = TABS.filter(({ needs }) => needs === undefined || me?.permissions.includes(needs));
  const asked = path.split('/')[2];
  const tab = may.find(({ key }) => key === asked) ?? may[0]!;
  return (
    <Page title="Settings">
      <Tabs value={tab.key} onChange={(key) => key && go(`/settings/${key}`)} keepMounted={false}>
        <Tabs.List mb="md">
          {may.map(({ key, word }) => (
            <Tabs.Tab key={key} value={key}>
              {word}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {may.map(({ key, Content }) => (
          <Tabs.Panel key={key} value={key}>
            <Content />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
