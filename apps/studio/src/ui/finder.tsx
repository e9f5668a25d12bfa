/** Ctrl-K: goes to any room, flow, node, resource or deployment by its name. Loaded when it is first asked for. */
import { Loader, Modal, ScrollArea, TextInput, UnstyledButton } from '@mantine/core';
import type { Permission } from '@millrace/schemas';
import { useQuery } from '@tanstack/react-query';
import { Search } from 'lucide-react';
import { useState, type KeyboardEvent } from 'react';
import { useLocation } from 'wouter';
import { api } from '../data/api.js';
import { useMe } from '../data/me.js';
import classes from './finder.module.css';
import { ROOMS } from './rooms.js';

interface Place {
  to: string;
  name: string;
  what: string;
}

const SHOWN = 12;
const READ = 200;

const DEEDS: readonly (Place & { needs: Permission })[] = [
  { to: '/flows?new', name: 'New flow', what: 'do', needs: 'flows.write' },
  { to: '/nodes/join', name: 'Join a node', what: 'do', needs: 'fleet.write' },
  { to: '/catalogue?upload', name: 'Upload a model or script', what: 'do', needs: 'catalogue.write' },
  { to: '/catalogue?tab=promotions', name: 'See promotions', what: 'do', needs: 'promotions.read' },
  { to: '/deployments?new', name: 'Deploy a flow', what: 'do', needs: 'deployments.write' },
];

export default function Finder({ opened, onClose }: { opened: boolean; onClose(): void }) {
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const [, go] = useLocation();
  const me = useMe();
  const places = useQuery({ queryKey: ['places'], queryFn: readPlaces, enabled: opened, staleTime: 15_000 });
  const all = [
    ...DEEDS.filter(({ needs }) => me?.permissions.includes(needs)),
    ...ROOMS.map(({ path, word }) => ({ to: path, name: word, what: 'room' })),
    ...(places.data ?? []),
  ];
  const found = all
    .filter(({ name }) => name.toLowerCase().includes(text.trim().toLowerCase()))
    .slice(0, SHOWN);
  const close = () => {
    setText('');
    setChosen(0);
    onClose();
  };
  const open = (place: Place | undefined) => {
    if (place === undefined) return;
    close();
    go(place.to);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') setChosen(Math.min(chosen + 1, found.length - 1));
    else if (event.key === 'ArrowUp') setChosen(Math.max(chosen - 1, 0));
    else if (event.key === 'Enter') open(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      withCloseButton={false}
      padding={0}
      size="lg"
      yOffset="12vh"
      aria-label="Find anything"
    >
      <TextInput
        data-autofocus
        size="md"
        variant="unstyled"
        px="md"
        aria-label="Find or do anything"
        placeholder="A flow, a node, a model, a room, a deed"
        leftSection={<Search size={16} />}
        rightSection={places.isFetching ? <Loader size={14} /> : undefined}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
        role="combobox"
        aria-expanded
        aria-controls="found"
        aria-activedescendant={found[chosen] && `found-${chosen}`}
      />
      <ScrollArea.Autosize mah={420}>
        <div id="found" role="listbox" aria-label="Found" className={classes.found}>
          {found.map((place, index) => (
            <UnstyledButton
              key={`${place.what} ${place.to} ${place.name}`}
              id={`found-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              className={classes.place}
              onClick={() => open(place)}
              onMouseMove={() => setChosen(index)}
            >
              <span>{place.name}</span>
              <span className={classes.what}>{place.what}</span>
            </UnstyledButton>
          ))}
          {found.length === 0 && <p className={classes.none}>Nothing is called so.</p>}
        </div>
      </ScrollArea.Autosize>
    </Modal>
  );
}

async function readPlaces(): Promise<Place[]> {
  const { flows, fleet, catalogue } = api();
  const query = { limit: READ };
  // What one may not see is left out.
  const [flowPage, nodePage, groupPage, resourcePage] = await Promise.all([
    flows.list(query).catch(nothing),
    fleet.nodes(query).catch(nothing),
    fleet.groups(query).catch(nothing),
    catalogue.list(query).catch(nothing),
  ]);
  const place = (what: string, path: string) => (item: { name: string; id?: string }) => ({
    to: `${path}/${encodeURIComponent(item.id ?? item.name)}`,
    name: item.name,
    what,
  });
  return [
    ...flowPage.items.map(({ name }) => place('flow', '/flows')({ name })),
    ...nodePage.items.map(place('node', '/nodes')),
    ...groupPage.items.map(place('group', '/nodes/groups')),
    ...resourcePage.items.map(({ name }) => place('resource', '/catalogue')({ name })),
  ];
}

const nothing = () => ({ items: [] as { name: string; id?: string }[], next: null });
