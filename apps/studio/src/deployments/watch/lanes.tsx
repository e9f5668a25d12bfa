/** Waves as lanes: each target is a dot that moves through its progress and turns into its outcome. */
import { Tooltip } from '@mantine/core';
import type { Deployment, Target } from '@millrace/schemas';
import { Check, Minus, Undo2, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useNow } from '../../ui/when.js';
import { many } from '../../ui/units.js';
import { STAGES, targetState } from '../words.js';
import { GateLine } from './gate-line.js';
import { gateFigures } from './gates.js';
import classes from './lanes.module.css';
import { placesOf, stagesOf } from './places.js';

interface LanesProps {
  deployment: Deployment;
  targets: readonly Target[];
  onOpen(target: Target): void;
}

/** More targets than this get small dots. */
const MANY = 60;

export function Lanes({ deployment, targets, onOpen }: LanesProps) {
  const now = useNow();
  const { ref, width } = useWidth();
  const waves = Array.from({ length: deployment.waves }, (_, index) => index + 1);
  const small = targets.length > MANY;
  const stages = stagesOf(Math.max(width, 320));
  if (deployment.waves === 0)
    return <p className={classes.none}>The group has no nodes; those that join get it.</p>;
  return (
    <div ref={ref} className={classes.lanes}>
      <div className={classes.stages} aria-hidden>
        {STAGES.map(({ progress, word }, index) => (
          <span key={progress} style={{ left: stages[index]!.left, width: stages[index]!.width }}>
            {word}
          </span>
        ))}
      </div>
      {waves.map((wave) => {
        const mine = targets.filter((target) => target.wave === wave);
        return (
          <div key={wave}>
            <section
              className={classes.lane}
              aria-label={`Wave ${wave}`}
              data-here={wave === deployment.wave || undefined}
            >
              <h3 className={classes.title}>
                Wave {wave} <span>{many(mine.length, 'node')}</span>
              </h3>
              <Dots targets={mine} stages={stages} small={small} onOpen={onOpen} />
            </section>
            <GateLine
              figures={gateFigures(deployment, targets, wave, now)}
              last={wave === deployment.waves}
              wave={wave}
              strategy={deployment.strategy}
              now={now}
            />
          </div>
        );
      })}
    </div>
  );
}

/** Dots in rows must know how wide their place is. */
function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, width };
}

interface DotsProps {
  targets: readonly Target[];
  stages: ReturnType<typeof stagesOf>;
  small: boolean;
  onOpen(target: Target): void;
}

function Dots({ targets, stages, small, onOpen }: DotsProps) {
  const size = small ? 12 : 20;
  const { places, height } = placesOf(targets, stages, size);
  return (
    <div className={classes.dots} style={{ height }}>
      {stages.map(({ left }) => (
        <span key={left} className={classes.line} style={{ left }} />
      ))}
      {targets.map((target, index) => {
        const { word, is } = targetState(target);
        const label = `${target.nodeName}: ${word}${target.reason ? `, ${target.reason.detail}` : ''}`;
        return (
          <Tooltip key={target.node} label={label} multiline maw={360}>
            <button
              type="button"
              aria-label={label}
              className={classes.dot}
              data-is={is}
              data-open={target.outcome === null || undefined}
              data-offline={!target.online || undefined}
              data-small={small || undefined}
              style={{ transform: `translate(${places[index]!.x}px, ${places[index]!.y}px)` }}
              onClick={() => onOpen(target)}
            >
              {!small && <Glyph outcome={target.outcome} />}
            </button>
          </Tooltip>
        );
      })}
    </div>
  );
}

function Glyph({ outcome }: Pick<Target, 'outcome'>) {
  if (outcome === null) return null;
  if (outcome === 'succeeded') return <Check size={10} strokeWidth={3} aria-hidden />;
  if (outcome === 'rolled-back') return <Undo2 size={10} strokeWidth={3} aria-hidden />;
  if (outcome === 'cancelled' || outcome === 'superseded')
    return <Minus size={10} strokeWidth={3} aria-hidden />;
  return <X size={10} strokeWidth={3} aria-hidden />;
}
