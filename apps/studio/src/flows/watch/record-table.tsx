/**
 * The last records of a wire as a table, newest first. However many fields there are, only the columns in sight
 * are in the page.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import { value } from '../../ui/units.js';
import type { Sample } from './frames.js';
import { clock } from './records.js';
import classes from './watch.module.css';

const TIME_PX = 108;
const LONG_TIME_PX = 184;
const COLUMN_PX = 104;

export function RecordTable({ records, fields }: { records: readonly Sample[]; fields: readonly string[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const times = records.map(({ t }) => clock(Number(t)));
  const timePx = times.some((time) => time.includes(' ')) ? LONG_TIME_PX : TIME_PX;
  const columns = useVirtualizer({
    horizontal: true,
    count: fields.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => COLUMN_PX,
    scrollMargin: timePx,
    overscan: 4,
  });
  const inSight = columns.getVirtualItems();
  const before = (inSight[0]?.start ?? timePx) - timePx;
  const cells = (cell: (field: string) => string | undefined, role: 'cell' | 'columnheader') =>
    inSight.map(({ index, size }) => {
      const text = cell(fields[index]!);
      return (
        <span
          key={fields[index]}
          role={role}
          aria-colindex={index + 2}
          className={classes.cell}
          style={{ width: size }}
          title={text}
        >
          {text}
        </span>
      );
    });
  return (
    <div
      ref={scroller}
      className={classes.records}
      role="table"
      aria-label="Last records, newest first"
      aria-colcount={fields.length + 1}
      tabIndex={0}
    >
      <div role="rowgroup" style={{ width: timePx + columns.getTotalSize() }}>
        <div role="row" className={classes.head}>
          <span role="columnheader" aria-colindex={1} className={classes.time} style={{ width: timePx }}>
            time
          </span>
          <span style={{ width: before }} aria-hidden />
          {cells((field) => field, 'columnheader')}
        </div>
        {records.toReversed().map((record, index) => (
          <div role="row" className={classes.row} key={index}>
            <span role="cell" aria-colindex={1} className={classes.time} style={{ width: timePx }}>
              {times[records.length - 1 - index]}
            </span>
            <span style={{ width: before }} aria-hidden />
            {cells((field) => (field in record ? value(record[field]) : ''), 'cell')}
          </div>
        ))}
      </div>
    </div>
  );
}
