/** The gate behind a wave: its figures against their limits, as they are now. */
import { fullStrategy, type FullStrategy } from '@millrace/fleet';
import type { Strategy } from '@millrace/schemas';
import { State, type Standing } from '../../ui/state.js';
import { duration, many, short } from '../../ui/units.js';
import type { GateFigures } from './gates.js';
import classes from './lanes.module.css';

interface GateLineProps {
  figures: GateFigures;
  strategy: Strategy;
  wave: number;
  last: boolean;
  now: number;
}

const WORDS: Readonly<Record<GateFigures['state'], { word: string; is: Standing }>> = {
  ahead: { word: 'Gate ahead', is: 'off' },
  closed: { word: 'Gate closed', is: 'busy' },
  open: { word: 'Gate open', is: 'good' },
  unproved: { word: 'All offline', is: 'off' },
  breached: { word: 'Gate breached', is: 'broken' },
  over: { word: 'Gate not asked any more', is: 'off' },
};

export function GateLine({ figures, strategy, wave, last, now }: GateLineProps) {
  const { gate } = fullStrategy(strategy);
  const { word, is } = WORDS[figures.state];
  const until = figures.until === undefined ? 0 : figures.until - now;
  return (
    <div
      className={classes.gate}
      role="group"
      aria-label={`Gate behind wave ${wave}`}
      data-last={last || undefined}
    >
      <State is={is}>{word}</State>
      {figures.state !== 'over' && <Figures figures={figures} gate={gate} until={until} />}
    </div>
  );
}

interface FiguresProps {
  figures: GateFigures;
  gate: FullStrategy['gate'];
  /** Milliseconds from now. */
  until: number;
}

function Figures({ figures, gate, until }: FiguresProps) {
  return (
    <>
      <span>
        <b>
          {figures.proved} of {figures.counted}
        </b>{' '}
        run it{gate.runningForMs > 0 && ` for ${duration(gate.runningForMs)}`}, {figures.needed} must (
        {short(gate.share * 100)} %)
        {until > 0 && `, in ${duration(Math.max(1_000, until))}`}
      </span>
      <span>
        <b>{many(figures.failed, 'node')}</b> failed
        {typeof figures.mayFail === 'string' && figures.started > 0 && (
          <>
            {' '}
            ({short((figures.failed / figures.started) * 100)} % of {figures.started})
          </>
        )}
        , {figures.mayFail} may
      </span>
    </>
  );
}
