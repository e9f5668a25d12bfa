/** What passes on one wire: how much, the last twenty records, and a chart of its numbers. */
import { ActionIcon, Button, Group, MultiSelect, Text } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { Check, Copy, X } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { failed } from '../../ui/notify.js';
import { State } from '../../ui/state.js';
import { count, duration, many, rate } from '../../ui/units.js';
import { numericFields, sharingAxis } from './axis.js';
import { FieldChart, pointsOf, silentFor } from './field-chart.js';
import type { Frames, PortData } from './frames.js';
import { RecordTable } from './record-table.js';
import { csvOf } from './records.js';
import { patience } from './series.js';
import classes from './watch.module.css';

interface WirePanelProps {
  frames: Frames | undefined;
  wire: { from: string; port: string; to?: string };
  onClose?(): void;
}

/** As many as there are hues. */
const CHARTED = 6;
const CHARTED_AT_FIRST = 3;

export function WirePanel({ frames, wire, onClose }: WirePanelProps) {
  const data = frames?.port(wire.from, wire.port);
  const name = wire.port === 'out' ? wire.from : `${wire.from}.${wire.port}`;
  const title = wire.to === undefined ? name : `${name} → ${wire.to}`;
  return (
    <section className={classes.panel} aria-label={`Data of ${title}`}>
      <Group gap="xs" className={classes.summary} data-closes={onClose !== undefined || undefined}>
        <Text fw={600} className={classes.title} title={title}>
          {title}
        </Text>
        {frames && data && <Amount frames={frames} data={data} />}
        {data && data.recent.length > 0 && <CopyCsv data={data} />}
        {onClose && (
          <ActionIcon className={classes.close} aria-label={`Close the data of ${title}`} onClick={onClose}>
            <X size={16} />
          </ActionIcon>
        )}
      </Group>
      {frames && data && data.recent.length > 0 ? (
        <Passing key={title} frames={frames} data={data} title={title} />
      ) : (
        <Text c="dimmed" size="sm" role="status">
          {whyNothing(frames, data)}
        </Text>
      )}
    </section>
  );
}

function whyNothing(frames: Frames | undefined, data: PortData | undefined): string {
  if (frames === undefined || frames.at === null) return 'No data yet. It comes with the next run.';
  if (frames.over) return 'Nothing passed here.';
  if (data === undefined) return 'This wire is not looked at. It may be new since the flow was started.';
  return 'Nothing has passed here yet.';
}

function Amount({ frames, data }: { frames: Frames; data: PortData }) {
  if (frames.over) return <Text size="sm">{many(data.total, 'record')}</Text>;
  return (
    <>
      <Text size="sm" className={classes.amount}>
        {rate(data.rate)}
      </Text>
      <Text size="sm" c="dimmed" className={classes.amount} title="Records since one looks">
        {count(data.total)} so far
      </Text>
      <Silence frames={frames} data={data} />
    </>
  );
}

function Passing({ frames, data, title }: { frames: Frames; data: PortData; title: string }) {
  const fields = [...data.fields.keys()];
  const numeric = fields.filter((field) => data.fields.get(field) === 'number');
  const [chosen, setChosen] = useState<string[]>();
  // A field that comes later does not change what is drawn.
  const [first] = useState(() => sharingAxis(frames, numericFields(data)).slice(0, CHARTED_AT_FIRST));
  const charted = chosen ?? first.map(({ field }) => field);
  const key = JSON.stringify(charted);
  const at = useMemo(
    () => (JSON.parse(key) as string[]).map((field) => ({ module: data.module, port: data.port, field })),
    [key, data.module, data.port],
  );
  return (
    <>
      <div className={classes.sides}>
        <div className={classes.side}>
          {numeric.length === 0 ? (
            <Text c="dimmed" size="sm">
              No field of these records is a number, so there is nothing to draw.
            </Text>
          ) : (
            <>
              <MultiSelect
                aria-label="Fields in the chart"
                data={numeric}
                value={charted}
                onChange={setChosen}
                maxValues={CHARTED}
                searchable
                hidePickedOptions
                limit={100}
                placeholder={charted.length === 0 ? 'Choose fields to draw' : undefined}
              />
              {at.length > 0 && <FieldChart frames={frames} fields={at} label={title} height={140} />}
            </>
          )}
        </div>
        <RecordTable records={data.recent} fields={fields} />
      </div>
    </>
  );
}

function Silence({ frames, data }: { frames: Frames; data: PortData }) {
  const [at] = numericFields(data);
  if (at === undefined) return null;
  const points = pointsOf(frames, at);
  const silent = silentFor(frames, points);
  if (silent <= patience(points)) return null;
  return <State is="look">silent for {duration(silent)}</State>;
}

function CopyCsv({ data }: { data: PortData }) {
  const { copy, copied, error } = useClipboard({ timeout: 1_500 });
  useEffect(() => {
    if (error) failed('Could not copy the records', error);
  }, [error]);
  return (
    <Button
      variant="default"
      ml="auto"
      leftSection={copied ? <Check size={14} /> : <Copy size={14} />}
      onClick={() => copy(csvOf(data.recent, [...data.fields.keys()]))}
    >
      {copied ? 'Copied' : 'Copy as CSV'}
    </Button>
  );
}
