/** What the list of nodes shows of each. */
import type { Group, Node } from '@millrace/schemas';
import type { Column } from '../ui/list.js';
import { Ident } from '../ui/ident.js';
import classes from './fleet.module.css';
import { nameOfGroup } from './nodes.js';
import { Ago, Chip, Chips, Quiet, StandsAs } from './parts.js';
import { flowStandingOf, standingOf, versionsOf } from './standing.js';

export const nodeColumns = (groups: readonly Group[] | undefined): Column<Node>[] => [
  {
    key: 'name',
    title: 'Name',
    width: 'minmax(120px, 1.4fr)',
    cell: ({ name }) => (
      <span className={classes.name} title={name}>
        {name}
      </span>
    ),
  },
  {
    key: 'state',
    title: 'State',
    width: 'minmax(150px, 0.9fr)',
    cell: (node) => <StandsAs as={standingOf(node)} />,
  },
  {
    key: 'flows',
    title: 'Flows',
    width: 'minmax(140px, 1.8fr)',
    cell: ({ flows }) =>
      flows.length === 0 ? (
        <Quiet>none</Quiet>
      ) : (
        <Chips>
          {flows.map((flow) => {
            const { is } = flowStandingOf(flow);
            return (
              <Chip key={flow.flow} kind={is === 'look' ? 'look' : is === 'busy' ? 'changing' : undefined}>
                {versionsOf(flow)}
              </Chip>
            );
          })}
        </Chips>
      ),
  },
  {
    key: 'labels',
    title: 'Labels',
    width: 'minmax(100px, 1.4fr)',
    cell: ({ labels }) => (
      <Chips>
        {Object.entries(labels).map(([label, value]) => (
          <Chip key={label}>{`${label}=${value}`}</Chip>
        ))}
      </Chips>
    ),
  },
  {
    key: 'groups',
    title: 'Groups',
    width: 'minmax(80px, 1fr)',
    cell: (node) => (
      <Chips>
        {node.groups.map((id) => (
          <Chip key={id}>{nameOfGroup(groups, id)}</Chip>
        ))}
      </Chips>
    ),
  },
  {
    key: 'seen',
    title: 'Last seen',
    width: '96px',
    cell: ({ seenAt }) => (
      <Quiet>
        <Ago at={seenAt} />
      </Quiet>
    ),
  },
  {
    key: 'platform',
    title: 'Platform',
    width: '110px',
    extra: true,
    cell: ({ facts }) => <Quiet>{facts ? `${facts.platform} ${facts.arch}` : 'unknown'}</Quiet>,
  },
  {
    key: 'agent',
    title: 'Agent',
    width: '72px',
    extra: true,
    cell: ({ facts }) => <Quiet>{facts?.agent ?? 'unknown'}</Quiet>,
  },
  { key: 'id', title: 'Id', width: '72px', extra: true, cell: ({ id }) => <Ident id={id} label="node id" /> },
];
