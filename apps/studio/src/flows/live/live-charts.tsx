/** The strip below the canvas: a few charts on one time axis, with what was alerted, and a choice of their fields. */
import { ActionIcon, Button, Group, MultiSelect, Popover, Text } from '@mantine/core';
import { ListPlus, Plus, X } from 'lucide-react';
import { useState } from 'react';
import type { FlowDocument } from '@millrace/schemas';
import type { Band } from '../../ui/chart.js';
import { State } from '../../ui/state.js';
import { duration } from '../../ui/units.js';
import { FieldChart, pointsOf, silentFor } from '../watch/field-chart.js';
import type { Frames } from '../watch/frames.js';
import { patience, type Span } from '../watch/series.js';
import classes from './live.module.css';
import { allFields, fieldOf, keyOf, MOST_CHARTS, MOST_FIELDS, titleOf, wordOf, type Pick } from './picks.js';

interface LiveChartsProps {
  frames: Frames;
  modules: FlowDocument['modules'];
  picks: readonly Pick[];
  onPick(picks: readonly Pick[]): void;
  alerts: readonly Band[];
  /** Shown of the past, milliseconds. */
  windowMs: number;
  /** Milliseconds since a frame should have come. */
  overdue: number;
}

const LEAST_SPAN_MS = 30_000;
/** Of a chart, and what the times below the last one take. */
const HEIGHT = 104;
const TIMES = 42;

export function LiveCharts(props: LiveChartsProps) {
  const { frames, modules, picks, onPick, alerts, windowMs, overdue } = props;
  const span = spanOf(frames, picks, windowMs, overdue);
  const change = (index: number, pick: Pick | undefined) =>
    onPick(picks.flatMap((old, at) => (at === index ? (pick === undefined ? [] : [pick]) : [old])));
  return (
    <>
      {picks.map((pick, index) => (
        <section key={index} className={classes.chart} aria-label={titleOf(pick, modules)}>
          <Group gap="xs" wrap="nowrap" h={24}>
            <Text fw={600} size="sm" className={classes.chartTitle}>
              {titleOf(pick, modules)}
            </Text>
            <Group gap={2} ml="auto" wrap="nowrap">
              <Silent frames={frames} pick={pick} overdue={overdue} />
              <Fields frames={frames} pick={pick} onChange={(next) => change(index, next)} />
              {picks.length > 1 && (
                <ActionIcon
                  size="sm"
                  aria-label={`Remove the chart ${titleOf(pick, modules)}`}
                  onClick={() => change(index, undefined)}
                >
                  <X size={14} />
                </ActionIcon>
              )}
            </Group>
          </Group>
          {pick.length > 0 && (
            <FieldChart
              frames={frames}
              fields={pick}
              span={span}
              overdue={overdue}
              alerts={alerts}
              times={index === picks.length - 1}
              height={HEIGHT + (index === picks.length - 1 ? TIMES : 0)}
              sync="live"
              label={titleOf(pick, modules)}
            />
          )}
        </section>
      ))}
      {picks.length === 0 && (
        <Text c="dimmed" size="sm" className={classes.none}>
          Charts come with the first numbers, or choose fields yourself.
        </Text>
      )}
      {picks.length < MOST_CHARTS && (
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<Plus size={14} />}
          onClick={() => onPick([...picks, []])}
          className={classes.add}
        >
          Add a chart
        </Button>
      )}
    </>
  );
}

/** The same for all charts: it ends now, on the clock of the data, and shows the window before. */
function spanOf(frames: Frames, picks: readonly Pick[], windowMs: number, overdue: number): Span | undefined {
  const ends: number[] = [];
  const begins: number[] = [];
  for (const at of picks.flat()) {
    const points = pointsOf(frames, at);
    const [first, last] = [points.t[0], points.t.at(-1)];
    if (first === undefined || last === undefined) continue;
    begins.push(first);
    ends.push(last + silentFor(frames, points, overdue));
  }
  if (ends.length === 0) return undefined;
  const to = Math.max(...ends);
  return { from: Math.max(to - windowMs, Math.min(...begins, to - LEAST_SPAN_MS)), to };
}

/** Those that say nothing while others do: a chart that is hatched says it for all. */
function Silent({ frames, pick, overdue }: { frames: Frames; pick: Pick; overdue: number }) {
  const quiet = pick.flatMap((at) => {
    const points = pointsOf(frames, at);
    const silent = silentFor(frames, points, overdue);
    return points.t.length > 0 && silent > patience(points) ? [{ at, silent }] : [];
  });
  if (quiet.length === 0) return null;
  const names =
    quiet.length === pick.length ? 'silent' : `${quiet.map(({ at }) => at.field).join(', ')} silent`;
  return (
    <span className={classes.silent}>
      <State is="look">
        {names} for {duration(Math.floor(Math.min(...quiet.map(({ silent }) => silent)) / 1_000) * 1_000)}
      </State>
    </span>
  );
}

function Fields({ frames, pick, onChange }: { frames: Frames; pick: Pick; onChange(pick: Pick): void }) {
  const [opened, setOpened] = useState(pick.length === 0);
  // Only while somebody chooses: a large flow has thousands.
  const data = opened ? allFields(frames).map((at) => ({ value: keyOf(at), label: wordOf(at) })) : [];
  const known = new Set(data.map(({ value }) => value));
  const more = pick
    .filter((at) => !known.has(keyOf(at)))
    .map((at) => ({ value: keyOf(at), label: wordOf(at) }));
  return (
    <Popover opened={opened} onChange={setOpened} position="top-end" width={340} trapFocus withinPortal>
      <Popover.Target>
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<ListPlus size={14} />}
          onClick={() => setOpened(!opened)}
          aria-expanded={opened}
        >
          Fields
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <MultiSelect
          label="Fields in this chart"
          description={`At most ${MOST_FIELDS}`}
          data={[...data, ...more]}
          value={pick.map(keyOf)}
          onChange={(keys) => onChange(keys.flatMap((key) => fieldOf(key) ?? []))}
          maxValues={MOST_FIELDS}
          searchable
          hidePickedOptions
          limit={200}
          comboboxProps={{ withinPortal: false }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}
