/**
 * A list of any length: only the rows in sight are in the page, more are read as one scrolls.
 *
 * Keyboard: up, down, Home and End move, Enter opens, Space marks where rows can be marked. Columns can be left
 * out; the choice is kept in this browser under `name`.
 */
import { ActionIcon, Checkbox, Menu, Text } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Columns3 } from 'lucide-react';
import {
  useEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
} from 'react';
import type { Pages } from '../data/pages.js';
import { ListRow, type RowActs } from './list-row.js';
import classes from './list.module.css';
import { Loading, WentWrong } from './page.js';
import { leastWidth } from './tracks.js';

export interface Column<Item> {
  key: string;
  title: string;
  /** A track of CSS grid, such as `120px` or `minmax(160px, 2fr)`. */
  width: string;
  cell(item: Item): ReactNode;
  /** Not shown unless chosen. */
  extra?: boolean;
}

interface ListProps<Item> {
  /** Names the list for who cannot see it, and its choices in this browser. */
  name: string;
  columns: readonly Column<Item>[];
  pages: Pages<Item>;
  keyOf(item: Item): string;
  open?(item: Item): void;
  /** Keys of what is marked; with it rows can be marked. */
  marked?: ReadonlySet<string>;
  onMark?(marked: ReadonlySet<string>): void;
  /** How many there are in all, where it is known: the scroll bar is then true. */
  total?: number;
  empty: ReactNode;
  /** Of the scrolling part; the rest of the window when absent. */
  height?: number | string;
}

const ROW_PX = 40;
const READ_AHEAD = 20;

export function List<Item>(props: ListProps<Item>) {
  const { pages, empty } = props;
  if (pages.loading) return <Loading lines={8} />;
  if (pages.error && pages.items.length === 0) return <WentWrong error={pages.error} retry={pages.retry} />;
  if (pages.items.length === 0) return <>{empty}</>;
  return <Rows {...props} />;
}

function Rows<Item>(props: ListProps<Item>) {
  const { name, columns, pages, keyOf, open, marked, onMark, total, height = 'calc(100vh - 220px)' } = props;
  const { items } = pages;
  const [hidden, setHidden] = useLocalStorage<string[]>({
    key: `millrace.columns.${name}`,
    defaultValue: columns.filter(({ extra }) => extra).map(({ key }) => key),
    getInitialValueInEffect: false,
  });
  const [active, setActive] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const latest = useRef<RowActs>(undefined);
  const [acts] = useState(() => throughRef(latest));
  const shown = useMemo(() => columns.filter(({ key }) => !hidden.includes(key)), [columns, hidden]);
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
  });
  const inSight = rows.getVirtualItems();
  const last = inSight.at(-1)?.index ?? 0;
  const { more, readMore } = pages;
  useEffect(() => {
    if (more && last >= items.length - READ_AHEAD) readMore();
  }, [more, last, items.length, readMore]);

  const markable = onMark !== undefined && marked !== undefined;
  const each = [...(markable ? ['36px'] : []), ...shown.map(({ width }) => width), '32px'];
  const tracks = each.join(' ');
  const mark = (key: string) => {
    const next = new Set(marked);
    if (!next.delete(key)) next.add(key);
    onMark?.(next);
  };
  const move = (to: number) => {
    const index = Math.max(0, Math.min(items.length - 1, to));
    setActive(index);
    rows.scrollToIndex(index);
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true }),
    );
  };
  const press = (event: KeyboardEvent, index: number) => {
    if (event.target !== event.currentTarget) return;
    const item = items[index]!;
    const keys: Record<string, () => void> = {
      ArrowDown: () => move(index + 1),
      ArrowUp: () => move(index - 1),
      PageDown: () => move(index + 10),
      PageUp: () => move(index - 10),
      Home: () => move(0),
      End: () => move(items.length - 1),
      Enter: () => open?.(item),
      ' ': () => markable && mark(keyOf(item)),
    };
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  useEffect(() => {
    latest.current = {
      open: (index) => open?.(items[index]!),
      mark: (index) => mark(keyOf(items[index]!)),
      focus: setActive,
      press,
    };
  });

  return (
    <div className={classes.list}>
      <div
        role="table"
        aria-label={name}
        aria-rowcount={(total ?? items.length) + 1}
        style={{ minWidth: leastWidth(each) }}
      >
        <div role="rowgroup">
          <div role="row" className={classes.head} style={{ gridTemplateColumns: tracks }} aria-rowindex={1}>
            {markable && (
              <span role="columnheader">
                <Checkbox
                  aria-label="Mark all that are shown"
                  checked={marked.size > 0 && marked.size === items.length}
                  indeterminate={marked.size > 0 && marked.size < items.length}
                  onChange={() =>
                    onMark(marked.size === items.length ? new Set() : new Set(items.map(keyOf)))
                  }
                />
              </span>
            )}
            {shown.map(({ key, title }) => (
              <span role="columnheader" key={key}>
                {title}
              </span>
            ))}
            <span role="columnheader">
              <ColumnChoice columns={columns} hidden={hidden} onChange={setHidden} />
            </span>
          </div>
        </div>
        <div
          ref={scroller}
          role="rowgroup"
          className={classes.rows}
          style={{ maxHeight: height }}
          tabIndex={-1}
        >
          <div style={{ height: rows.getTotalSize(), position: 'relative' }} role="presentation">
            {inSight.map(({ index, start, size }) => {
              const item = items[index]!;
              const key = keyOf(item);
              return (
                <ListRow
                  key={key}
                  item={item}
                  itemKey={key}
                  index={index}
                  start={start}
                  size={size}
                  tracks={tracks}
                  cells={shown}
                  reached={index === Math.min(active, items.length - 1)}
                  marked={markable ? marked.has(key) : undefined}
                  opens={open !== undefined}
                  acts={acts}
                />
              );
            })}
          </div>
        </div>
      </div>
      <Text size="xs" c="dimmed" p="xs" role="status">
        {total === undefined || total === items.length
          ? `${items.length.toLocaleString()} shown${more ? ', more as you scroll' : ''}`
          : `${items.length.toLocaleString()} of ${total.toLocaleString()} read`}
        {pages.error && ` · could not read on: ${pages.error.message}`}
      </Text>
    </div>
  );
}

/** Always the same, so that rows need not be made again; does what the list says now. */
const throughRef = (latest: RefObject<RowActs | undefined>): RowActs => ({
  open: (index) => latest.current?.open(index),
  mark: (index) => latest.current?.mark(index),
  focus: (index) => latest.current?.focus(index),
  press: (event, index) => latest.current?.press(event, index),
});

interface ColumnChoiceProps {
  columns: readonly { key: string; title: string }[];
  hidden: readonly string[];
  onChange(hidden: string[]): void;
}

function ColumnChoice({ columns, hidden, onChange }: ColumnChoiceProps) {
  return (
    <Menu closeOnItemClick={false} position="bottom-end">
      <Menu.Target>
        <ActionIcon aria-label="Choose columns" size="sm">
          <Columns3 size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {columns.map(({ key, title }) => (
          <Menu.Item
            key={key}
            role="menuitemcheckbox"
            aria-checked={!hidden.includes(key)}
            leftSection={hidden.includes(key) ? ' ' : '✓'}
            onClick={() =>
              onChange(hidden.includes(key) ? hidden.filter((one) => one !== key) : [...hidden, key])
            }
          >
            {title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
