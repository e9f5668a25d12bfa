/** A selector as one types it, and at once the nodes that it would choose. */
import { Loader, Stack, Text, Textarea } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Failure } from '@millrace/schemas';
import { useEffect } from 'react';
import { api } from '../data/api.js';
import { State } from '../ui/state.js';
import { many } from '../ui/units.js';
import { Chip, Quiet } from './parts.js';
import classes from './group.module.css';

interface SelectorFieldProps {
  value: string;
  onChange(value: string): void;
  /** Whether the director can read it. */
  onFits(fits: boolean): void;
}

const SETTLE_MS = 250;
const NAMED = 12;

export function SelectorField({ value, onChange, onFits }: SelectorFieldProps) {
  const [settled] = useDebouncedValue(value.trim(), SETTLE_MS);
  const preview = useQuery({
    queryKey: ['fleet', 'preview', settled],
    queryFn: () => api().fleet.previewGroup(settled),
    enabled: settled !== '',
    placeholderData: keepPreviousData,
  });
  const unread = preview.error instanceof Failure && preview.error.code === 'fleet.selector-invalid';
  const wrong =
    settled === ''
      ? undefined
      : unread
        ? (preview.error as Failure).errors[0]?.detail
        : preview.error?.message;
  useEffect(() => onFits(!unread), [unread, onFits]);
  const { data } = preview;
  return (
    <Stack gap="xs">
      <Textarea
        label="Selector"
        description="Over labels and facts: line==3;site=in=(north,south). A semicolon is and, a comma is or, * stands for any text."
        placeholder="labels.line==3;facts.platform==linux"
        autosize
        minRows={1}
        maxRows={6}
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mono)', fontVariantLigatures: 'none' } }}
        value={value}
        maxLength={2_000}
        error={wrong}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <div className={classes.preview} aria-live="polite" aria-label="Nodes that it chooses" role="region">
        {settled === '' ? (
          <Quiet>As you type, the nodes that it chooses are shown here.</Quiet>
        ) : wrong !== undefined ? (
          <State is="look">It cannot be read yet</State>
        ) : data === undefined ? (
          <Loader size={14} aria-label="Looking" />
        ) : (
          <>
            <State is={data.size === 0 ? 'look' : 'good'}>
              {data.size === 0 ? 'It chooses no node now' : `It chooses ${many(data.size, 'node')} now`}
            </State>
            {data.size === 0 && (
              <Text size="xs" c="dimmed">
                Nodes that fit later come in by themselves.
              </Text>
            )}
            <div className={classes.names}>
              {data.nodes.slice(0, NAMED).map(({ id, name }) => (
                <Chip key={id}>{name}</Chip>
              ))}
              {data.size > NAMED && <Quiet>{`and ${many(data.size - NAMED, 'more', 'more')}`}</Quiet>}
            </div>
          </>
        )}
      </div>
    </Stack>
  );
}
