/** A module on the canvas: a card with the strip of its category, its main settings, and its ports. */
import { Handle, Position, type NodeProps } from '@xyflow/react';
import { AlertTriangle } from 'lucide-react';
import { createContext, memo, useContext } from 'react';
import { Sparkline } from '../../ui/sparkline.js';
import { INPUT, isLive, portY, type CardNode } from './elements.js';
import classes from './graph.module.css';
import { ModuleIcon } from './icon.js';

/** While a wire is drawn: modules that it cannot lead to, and why. */
export const WhyNot = createContext<ReadonlyMap<string, string> | undefined>(undefined);
/** What leaves a port, for who points at it. */
export const SayPort = createContext<((module: string, port: string) => string | undefined) | undefined>(
  undefined,
);

export const ModuleCard = memo(function ModuleCard({
  id,
  data,
  selected,
  isConnectable,
}: NodeProps<CardNode>) {
  const { module, title, line, hue, input, outputs, overlay } = data;
  const whyNot = useContext(WhyNot)?.get(id);
  return (
    <div
      className={classes.card}
      data-selected={selected || undefined}
      data-mark={overlay?.mark}
      data-error={overlay?.error !== undefined || undefined}
      data-flash={overlay?.flash || undefined}
      data-dim={whyNot !== undefined || undefined}
      style={{ '--hue': `var(${hue})` } as React.CSSProperties}
    >
      <div className={classes.name} data-beside={outputs.length > 1 || undefined}>
        <ModuleIcon type={module.type} />
        <span className={classes.id} title={`${id} · ${title} (${module.type})`}>
          {id}
        </span>
        {overlay?.mark && <span className={classes.mark}>{overlay.mark}</span>}
        {overlay?.problems ? (
          <span
            className={classes.problems}
            title={`${overlay.problems} ${overlay.problems === 1 ? 'problem' : 'problems'}`}
          >
            <AlertTriangle size={11} aria-hidden />
            {overlay.problems}
          </span>
        ) : null}
      </div>
      <div className={classes.line} title={line} data-beside={outputs.length > 1 || undefined}>
        {overlay?.line ?? (line === '' ? title : line)}
      </div>
      {isLive(overlay) && <Live {...overlay} />}
      {input && (
        <Handle
          id={INPUT}
          type="target"
          position={Position.Left}
          className={classes.port}
          style={{ top: portY(0, 1) }}
          isConnectable={isConnectable}
          isConnectableStart={false}
        />
      )}
      {outputs.map((port, index) => (
        <Output
          key={port}
          module={id}
          port={port}
          top={portY(index, outputs.length)}
          only={outputs.length === 1 && port === 'out'}
          connectable={isConnectable}
        />
      ))}
    </div>
  );
});

function Live({ error, note, spark }: { error?: string; note?: string; spark?: readonly (number | null)[] }) {
  return (
    <div className={classes.live}>
      {error === undefined ? (
        <>
          {note !== undefined && (
            <span className={classes.note} title={note}>
              {note}
            </span>
          )}
          {spark && <Sparkline values={spark} label="The last minute" width={88} height={22} />}
        </>
      ) : (
        <span className={classes.error} title={error}>
          {error}
        </span>
      )}
    </div>
  );
}

interface OutputProps {
  module: string;
  port: string;
  top: number;
  /** A single port `out` needs no name. */
  only: boolean;
  connectable: boolean;
}

function Output({ module, port, top, only, connectable }: OutputProps) {
  const say = useContext(SayPort);
  return (
    <>
      {!only && (
        <span className={classes.portName} style={{ top: top - 7 }}>
          {port}
        </span>
      )}
      <Handle
        id={port}
        type="source"
        position={Position.Right}
        className={classes.port}
        style={{ top }}
        data-port={port}
        isConnectable={connectable}
        onMouseEnter={(event) => {
          // Asked when it is pointed at: what leaves 500 modules is not worked out for one that looks.
          event.currentTarget.title = say?.(module, port) ?? port;
        }}
      />
    </>
  );
}
