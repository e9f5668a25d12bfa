/** One line that is the API's own filter, with examples and views that are kept in this browser. */
import { ActionIcon, Autocomplete, Button, Group, Menu, Popover, TextInput } from '@mantine/core';
import { useDebouncedCallback, useLocalStorage } from '@mantine/hooks';
import { Bookmark, Filter } from 'lucide-react';
import { useEffect, useState } from 'react';

interface FilterLineProps {
  /** Names the list that is filtered; its views are kept under it. */
  name: string;
  value: string;
  onChange(filter: string): void;
  /** Filters as examples, such as `status==offline`. */
  examples: readonly string[];
  /** What is wrong with the filter, in the director's words. */
  error?: string;
}

const SETTLE_MS = 300;

export function FilterLine({ name, value, onChange, examples, error }: FilterLineProps) {
  const [text, setText] = useState(value);
  const [views, setViews] = useLocalStorage<Record<string, string>>({
    key: `millrace.views.${name}`,
    defaultValue: {},
    getInitialValueInEffect: false,
  });
  useEffect(() => setText(value), [value]);
  const settle = useDebouncedCallback(onChange, SETTLE_MS);
  const take = (filter: string) => {
    setText(filter);
    settle(filter.trim());
  };
  return (
    <Group gap="xs" align="flex-start" style={{ flex: 1, minWidth: 260 }}>
      <Autocomplete
        aria-label={`Filter ${name}`}
        placeholder={`Filter, such as ${examples[0]}`}
        leftSection={<Filter size={14} />}
        value={text}
        onChange={take}
        data={[...examples]}
        filter={({ options, search }) => (search === '' ? options : [])}
        error={error}
        style={{ flex: 1 }}
      />
      <Views
        views={views}
        onTake={take}
        onSave={value === '' ? undefined : (view) => setViews({ ...views, [view]: value })}
        onDrop={(view) => setViews(Object.fromEntries(Object.entries(views).filter(([key]) => key !== view)))}
      />
    </Group>
  );
}

interface ViewsProps {
  views: Readonly<Record<string, string>>;
  onTake(filter: string): void;
  onSave?(name: string): void;
  onDrop(name: string): void;
}

function Views({ views, onTake, onSave, onDrop }: ViewsProps) {
  const [name, setName] = useState('');
  const [naming, setNaming] = useState(false);
  const save = () => {
    if (name.trim() === '') return;
    onSave?.(name.trim());
    setName('');
    setNaming(false);
  };
  return (
    <Group gap={4}>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label="Saved views">
            <Bookmark size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {Object.entries(views).map(([view, filter]) => (
            <Menu.Item key={view} onClick={() => onTake(filter)}>
              {view}
            </Menu.Item>
          ))}
          {Object.keys(views).length === 0 && <Menu.Label>No views are saved yet</Menu.Label>}
          <Menu.Divider />
          <Menu.Item onClick={() => onTake('')}>Show all</Menu.Item>
          {onSave && <Menu.Item onClick={() => setNaming(true)}>Save this filter as a view</Menu.Item>}
          {Object.keys(views).map((view) => (
            <Menu.Item key={view} color="red" onClick={() => onDrop(view)}>
              Forget {view}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Popover
        withRoles={false}
        opened={naming}
        onClose={() => setNaming(false)}
        trapFocus
        position="bottom-end"
      >
        <Popover.Target>
          <span />
        </Popover.Target>
        <Popover.Dropdown>
          <Group gap="xs">
            <TextInput
              aria-label="Name of the view"
              placeholder="Name of the view"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              onKeyDown={(event) => event.key === 'Enter' && save()}
            />
            <Button onClick={save}>Save</Button>
          </Group>
        </Popover.Dropdown>
      </Popover>
    </Group>
  );
}
