/** Step three: waves as a bar, the gate as sentences, and what a node must prove. */
import { Button, Group, NumberInput, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import classes from './deploy.module.css';
import { failuresFromText, howOf, PRESETS, type How } from './how.js';
import { WavesBar } from './waves-bar.js';

interface HowStepProps {
  how: How;
  onChange(how: How): void;
  /** Of the plan; 0 while there is none. */
  nodes: number;
  /** Of the waves, by the plan. */
  sizes: readonly number[] | undefined;
}

export function HowStep({ how, onChange, nodes, sizes }: HowStepProps) {
  const set = (change: Partial<How>) => onChange({ ...how, ...change });
  return (
    <>
      <Group gap={4}>
        {PRESETS.map(({ name, strategy }) => (
          <Button key={name} variant="default" size="compact-xs" onClick={() => onChange(howOf(strategy))}>
            {name}
          </Button>
        ))}
      </Group>
      <WavesBar waves={how.waves} onChange={(waves) => set({ waves })} nodes={nodes} sizes={sizes} />
      <div className={classes.sentences} role="group" aria-label="Gate between waves">
        <div className={classes.sentence}>
          The next wave starts when{' '}
          <Figure
            label="Percent of a wave's nodes that must run it"
            value={how.share}
            max={100}
            suffix=" %"
            onChange={(share) => set({ share })}
          />{' '}
          of a wave’s nodes have run it for{' '}
          <Time
            label="How long they must have run it"
            value={how.runningForMs}
            onChange={(runningForMs) => set({ runningForMs })}
          />
          , and not more than{' '}
          <Limit value={how.maxFailures} onChange={(maxFailures) => set({ maxFailures })} /> of all fail.
        </div>
        <div className={classes.sentence}>
          If more fail,{' '}
          <Select
            aria-label="On a breach"
            className={classes.choice}
            data={[
              { value: 'pause', label: 'pause and wait for me' },
              { value: 'rollback', label: 'roll all nodes back' },
            ]}
            value={how.onBreach}
            onChange={(to) => set({ onBreach: to === 'rollback' ? 'rollback' : 'pause' })}
            allowDeselect={false}
            w={180}
          />
          . Offline nodes are not counted and come along later.
        </div>
        <div className={classes.sentence}>
          On each node the version is on probation for{' '}
          <Time label="Probation" value={how.probationMs} onChange={(probationMs) => set({ probationMs })} />;
          the node goes back by itself when it crashes or fails on more than{' '}
          <Figure
            label="Percent of records that may fail"
            value={how.maxErrors}
            max={100}
            suffix=" %"
            onChange={(maxErrors) => set({ maxErrors })}
          />{' '}
          of its records, or is not done in{' '}
          <Time
            label="Time that a node has"
            value={how.timeoutMs}
            least={1_000}
            onChange={(timeoutMs) => set({ timeoutMs })}
          />
          .
        </div>
        <div className={classes.sentence}>
          After the last wave all must hold for{' '}
          <Time label="Soak" value={how.soakMs} onChange={(soakMs) => set({ soakMs })} />.
        </div>
      </div>
    </>
  );
}

interface FigureProps {
  label: string;
  value: number;
  max?: number;
  min?: number;
  suffix?: string;
  width?: number;
  onChange(value: number): void;
}

function Figure({ label, value, max, min = 0, suffix, width = 64, onChange }: FigureProps) {
  return (
    <NumberInput
      aria-label={label}
      className={classes.figure}
      value={value}
      min={min}
      max={max}
      clampBehavior="strict"
      suffix={suffix}
      hideControls
      w={width}
      onChange={(to) => typeof to === 'number' && onChange(to)}
    />
  );
}

const UNITS = [
  { value: '1000', label: 's', ms: 1_000 },
  { value: '60000', label: 'min', ms: 60_000 },
  { value: '3600000', label: 'h', ms: 3_600_000 },
];

function Time({
  label,
  value,
  least = 0,
  onChange,
}: {
  label: string;
  value: number;
  least?: number;
  onChange(ms: number): void;
}) {
  const [unit, setUnit] = useState(
    () => UNITS.findLast(({ ms }) => value >= ms && value % ms === 0) ?? UNITS[0]!,
  );
  return (
    <span className={classes.time}>
      <Figure
        label={label}
        value={value / unit.ms}
        min={least / unit.ms}
        width={52}
        onChange={(to) => onChange(Math.round(to * unit.ms))}
      />
      <Select
        aria-label={`${label}, unit`}
        className={classes.choice}
        data={UNITS}
        value={unit.value}
        allowDeselect={false}
        w={60}
        onChange={(to) => {
          const next = UNITS.find((one) => one.value === to)!;
          setUnit(next);
          onChange(Math.round((value / unit.ms) * next.ms));
        }}
      />
    </span>
  );
}

function Limit({ value, onChange }: { value: number | string; onChange(value: number | string): void }) {
  const [text, setText] = useState(String(value));
  const [before, setBefore] = useState(value);
  if (before !== value) {
    setBefore(value);
    setText(String(value));
  }
  const read = failuresFromText(text);
  return (
    <TextInput
      aria-label="How many may fail: nodes, or a percentage such as 5%"
      className={classes.figure}
      value={text}
      w={56}
      error={read === undefined}
      onChange={({ currentTarget }) => {
        const next = failuresFromText(currentTarget.value);
        setText(currentTarget.value);
        if (next === undefined) return;
        setBefore(next);
        onChange(next);
      }}
    />
  );
}
