/** One row of a list. It is made again only when something of it changed: scrolling moves rows, not what is in them. */
import { Checkbox } from '@mantine/core';
import { memo, type KeyboardEvent, type ReactNode } from 'react';
import classes from './list.module.css';

interface Cell<Item> {
  key: string;
  cell(item: Item): ReactNode;
}

/** What is done with a row, by its index. */
export interface RowActs {
  open(index: number): void;
  mark(index: number): void;
  focus(index: number): void;
  press(event: KeyboardEvent, index: number): void;
}

interface RowProps<Item> {
  item: Item;
  itemKey: string;
  index: number;
  /** Pixels from the top of the list, and its height. */
  start: number;
  size: number;
  tracks: string;
  cells: readonly Cell<Item>[];
  /** Whether the keyboard comes here. */
  reached: boolean;
  /** Undefined: it cannot be marked. */
  marked: boolean | undefined;
  opens: boolean;
  /** The same for all rows and for ever. */
  acts: RowActs;
}

function PlainRow<Item>(props: RowProps<Item>) {
  const { item, itemKey, index, start, size, tracks, cells, reached, marked, opens, acts } = props;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-index={index}
      data-opens={opens || undefined}
      tabIndex={reached ? 0 : -1}
      className={classes.row}
      style={{ gridTemplateColumns: tracks, transform: `translateY(${start}px)`, height: size }}
      onClick={() => acts.open(index)}
      onFocus={() => acts.focus(index)}
      onKeyDown={(event) => acts.press(event, index)}
    >
      {marked !== undefined && (
        <span role="cell">
          <Checkbox
            aria-label={`Mark ${itemKey}`}
            checked={marked}
            onClick={(event) => event.stopPropagation()}
            onChange={() => acts.mark(index)}
          />
        </span>
      )}
      {cells.map(({ key, cell }) => (
        <span role="cell" key={key} className={classes.cell}>
          {cell(item)}
        </span>
      ))}
      <span role="cell" />
    </div>
  );
}

/** Measured: on a list of 5,000, two thirds of the work of a scroll was in rows that had not changed. */
export const ListRow = memo(PlainRow) as typeof PlainRow;
