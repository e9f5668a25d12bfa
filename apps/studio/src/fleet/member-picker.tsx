/** Nodes are chosen by hand: found by name, added and taken away. */
import { ActionIcon, Autocomplete, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useState } from 'react';
import { api } from '../data/api.js';
import { many } from '../ui/units.js';
import classes from './group.module.css';

interface Member {
  id: string;
  name: string;
}

const SETTLE_MS = 200;
const FOUND = 20;

export function MemberPicker({
  chosen,
  onChange,
}: {
  chosen: readonly Member[];
  onChange(chosen: Member[]): void;
}) {
  const [text, setText] = useState('');
  const [settled] = useDebouncedValue(text.trim(), SETTLE_MS);
  const found = useQuery({
    queryKey: ['fleet', 'found', settled],
    queryFn: () =>
      api().fleet.nodes({
        limit: FOUND,
        filter: settled === '' ? undefined : `name=='*${settled.replaceAll("'", '')}*'`,
      }),
  });
  const has = new Set(chosen.map(({ id }) => id));
  const offered = (found.data?.items ?? []).filter(({ id }) => !has.has(id));
  const add = (name: string) => {
    const node = offered.find((one) => one.name === name);
    if (node === undefined) return;
    onChange([...chosen, { id: node.id, name: node.name }]);
    setText('');
  };
  return (
    <Stack gap="xs">
      <Autocomplete
        label="Add a node"
        placeholder="Type a part of its name"
        value={text}
        onChange={setText}
        onOptionSubmit={add}
        data={offered.map(({ name }) => name)}
        filter={({ options }) => options}
        error={found.error?.message}
      />
      <Text size="xs" c="dimmed">
        {many(chosen.length, 'node')} chosen
      </Text>
      {chosen.length > 0 && (
        <ul className={classes.members} aria-label="Chosen nodes">
          {chosen.map(({ id, name }) => (
            <li key={id}>
              <span title={name}>{name}</span>
              <ActionIcon
                size="xs"
                aria-label={`Take ${name} away`}
                onClick={() => onChange(chosen.filter((one) => one.id !== id))}
              >
                <X size={12} />
              </ActionIcon>
            </li>
          ))}
        </ul>
      )}
    </Stack>
  );
}
