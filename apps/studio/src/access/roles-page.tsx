/** What each role may do, as one table. */
import { Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Permission } from '@millrace/schemas';
import { Check, Minus } from 'lucide-react';
import { api } from '../data/api.js';
import { Card, Show } from '../ui/page.js';
import classes from './settings.module.css';

const SAYS: Record<Permission, string> = {
  'access.read': 'See people and tokens',
  'access.write': 'Add people, give roles, make tokens',
  'audit.read': 'Read the audit log',
  'flows.read': 'See flows',
  'flows.write': 'Draw, test and publish flows',
  'catalogue.read': 'See models and scripts',
  'catalogue.write': 'Upload to the catalogue',
  'catalogue.promote': 'Move aliases',
  'fleet.read': 'See nodes and groups',
  'fleet.write': 'Join, change and revoke nodes',
  'deployments.read': 'See deployments',
  'deployments.write': 'Deploy, pause, roll back',
  'deployments.approve': 'Approve deployments',
  'promotions.read': 'See promotions',
  'promotions.write': 'Promote models, take promotions back',
  'promotions.approve': 'Approve promotions of others',
  'alerts.read': 'See alerts',
  'alerts.write': 'Acknowledge alerts',
  'events.read': 'Follow what happens',
  'overview.read': 'See the overview of all',
};

export function RolesPage() {
  const roles = useQuery({ queryKey: ['access', 'roles'], queryFn: () => api().access.roles() });
  return (
    <Show of={roles}>
      {({ items }) => (
        <Card title="What each role may do">
          <div className={classes.scroll}>
            <Table verticalSpacing={6} fz="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Right</Table.Th>
                  {items.map(({ role }) => (
                    <Table.Th key={role}>{role}</Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {Permission.options.map((permission) => (
                  <Table.Tr key={permission}>
                    <Table.Th scope="row" fw={400}>
                      {SAYS[permission]} <code>{permission}</code>
                    </Table.Th>
                    {items.map(({ role, permissions }) => (
                      <Table.Td key={role}>
                        {permissions.includes(permission) ? (
                          <Check size={14} role="img" aria-label="yes" />
                        ) : (
                          <Minus size={14} role="img" aria-label="no" color="var(--text-3)" />
                        )}
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
        </Card>
      )}
    </Show>
  );
}
