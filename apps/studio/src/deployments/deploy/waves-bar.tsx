/**
 * Waves as a bar. Between two waves is a handle: it is dragged, or moved with the arrow keys (Page keys move it
 * further, Delete takes it away). Below, each wave in words: nodes so far, a percentage, or a selector.
 */
import { ActionIcon, Button, Group, TextInput, Tooltip } from '@mantine/core';
import type { Wave } from '@millrace/schemas';
import { Plus, X } from 'lucide-react';
import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { many } from '../../ui/units.js';
import { movedTo, reachOf, roomOf, textOfWave, waveFromText, withOneMore } from './how.js';
import classes from './waves-bar.module.css';

interface WavesBarProps {
  waves: readonly Wave[];
  onChange(waves: Wave[]): void;
  nodes: number;
  sizes: readonly number[] | undefined;
}

const MOST = 50;
/** While there is no plan the bar stands for so many. */
const IMAGINED = 100;

export function WavesBar({ waves, onChange, nodes: known, sizes }: WavesBarProps) {
  const bar = useRef<HTMLDivElement>(null);
  const nodes = known === 0 ? IMAGINED : known;
  const chosen = waves.some((wave) => typeof wave === 'object');
  const reaches = waves.map((wave) => reachOf(wave, nodes) ?? 0);
  const size = (index: number) =>
    chosen && sizes !== undefined
      ? (sizes[index] ?? 0)
      : Math.max(0, reaches[index]! - Math.max(0, ...reaches.slice(0, index)));
  const replace = (index: number, wave: Wave) =>
    onChange(waves.map((one, at) => (at === index ? wave : one)));
  const drop = (index: number) => onChange(waves.filter((_, at) => at !== index));
  const move = (index: number, reach: number) => {
    const { least, most } = roomOf(waves, index, nodes);
    replace(index, movedTo(waves[index]!, Math.min(most, Math.max(least, reach)), nodes));
  };
  return (
    <div className={classes.waves}>
      <div ref={bar} className={classes.bar} role="group" aria-label="Waves">
        {waves.map((wave, index) => (
          <div key={index} className={classes.part} style={{ flexGrow: Math.max(size(index), nodes / 40) }}>
            <div className={classes.wave} title={`Wave ${index + 1}: ${textOfWave(wave)}`}>
              {known === 0 ? textOfWave(wave) : size(index)}
            </div>
            {index < waves.length - 1 && typeof wave !== 'object' && (
              <Handle
                wave={index + 1}
                reach={reaches[index]!}
                nodes={nodes}
                room={roomOf(waves, index, nodes)}
                says={known === 0 ? textOfWave(wave) : `${many(reaches[index]!, 'node')} so far`}
                barWidth={() => bar.current?.clientWidth ?? 1}
                onMove={(reach) => move(index, reach)}
                onDrop={() => drop(index)}
              />
            )}
          </div>
        ))}
      </div>
      <Group gap="xs" align="flex-end">
        {waves.map((wave, index) => (
          <WaveText
            key={index}
            index={index}
            wave={wave}
            onChange={(to) => replace(index, to)}
            onDrop={waves.length > 1 ? () => drop(index) : undefined}
          />
        ))}
        <Button
          variant="subtle"
          leftSection={<Plus size={12} />}
          disabled={waves.length >= MOST || (known > 0 && waves.length >= known)}
          onClick={() => onChange(withOneMore(waves, nodes))}
        >
          Wave
        </Button>
      </Group>
    </div>
  );
}

interface HandleProps {
  wave: number;
  reach: number;
  nodes: number;
  room: { least: number; most: number };
  says: string;
  barWidth(): number;
  onMove(reach: number): void;
  onDrop(): void;
}

function Handle({ wave, reach, nodes, room, says, barWidth, onMove, onDrop }: HandleProps) {
  const from = useRef<{ x: number; reach: number }>(undefined);
  const step = Math.max(1, Math.round(nodes / 100));
  const drag = (event: PointerEvent) => {
    if (from.current === undefined) return;
    onMove(from.current.reach + Math.round(((event.clientX - from.current.x) / barWidth()) * nodes));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, () => void> = {
      ArrowLeft: () => onMove(reach - step),
      ArrowDown: () => onMove(reach - step),
      ArrowRight: () => onMove(reach + step),
      ArrowUp: () => onMove(reach + step),
      PageDown: () => onMove(reach - 10 * step),
      PageUp: () => onMove(reach + 10 * step),
      Home: () => onMove(room.least),
      End: () => onMove(room.most),
      Delete: onDrop,
    };
    const act = moves[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  return (
    <Tooltip label={`End of wave ${wave}: ${says}. Drag it, or use the arrow keys`}>
      <div
        role="slider"
        tabIndex={0}
        className={classes.handle}
        aria-label={`End of wave ${wave}`}
        aria-valuemin={room.least}
        aria-valuemax={room.most}
        aria-valuenow={reach}
        aria-valuetext={says}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          from.current = { x: event.clientX, reach };
        }}
        onPointerMove={drag}
        onPointerUp={() => (from.current = undefined)}
        onPointerCancel={() => (from.current = undefined)}
      />
    </Tooltip>
  );
}

interface WaveTextProps {
  index: number;
  wave: Wave;
  onChange(wave: Wave): void;
  onDrop: (() => void) | undefined;
}

/** Taken over with Enter or when one goes on, so that half a word is no wave. */
function WaveText({ index, wave, onChange, onDrop }: WaveTextProps) {
  const [typed, setTyped] = useState<string>();
  const text = typed ?? textOfWave(wave);
  const settle = () => {
    const read = typed === undefined ? undefined : waveFromText(typed);
    if (read !== undefined) onChange(read);
    setTyped(undefined);
  };
  return (
    <TextInput
      label={`Wave ${index + 1}`}
      aria-description="Nodes so far, a percentage such as 10%, or a selector such as line==1"
      value={text}
      w={Math.min(260, Math.max(84, text.length * 8 + 48))}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={settle}
      onKeyDown={(event) => event.key === 'Enter' && settle()}
      rightSection={
        onDrop && (
          <ActionIcon size="xs" aria-label={`Without wave ${index + 1}`} onClick={onDrop}>
            <X size={12} />
          </ActionIcon>
        )
      }
    />
  );
}
