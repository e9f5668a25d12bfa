/** A wire on the canvas; its label comes with the pointer, and stays where it is marked or selected. */
import { BaseEdge, EdgeText, getBezierPath, getSmoothStepPath, type EdgeProps } from '@xyflow/react';
import { memo } from 'react';
import type { WireEdge } from './elements.js';
import classes from './graph.module.css';

export const WireLine = memo(function WireLine(props: EdgeProps<WireEdge>) {
  const { id, selected, data } = props;
  const [path, x, y] = pathOf(props);
  const { label, mark } = data?.overlay ?? {};
  return (
    <g className={classes.wire} data-mark={mark} data-selected={selected || undefined}>
      <BaseEdge id={id} path={path} interactionWidth={18} />
      {label !== undefined && (
        <EdgeText
          x={x}
          y={y}
          label={label}
          className={classes.wireLabel}
          labelBgPadding={[6, 3]}
          labelBgBorderRadius={4}
        />
      )}
    </g>
  );
});

/** Room between a card and a wire that passes it. */
const ASIDE = 46;

/** A wire that leads back goes around the cards, along the line of the one that it leads to. */
function pathOf(props: EdgeProps<WireEdge>) {
  const { sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition } = props;
  const ends = { sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition };
  if (targetX > sourceX) return getBezierPath({ ...ends, curvature: 0.3 });
  const centerY = targetY >= sourceY ? targetY - ASIDE : targetY + ASIDE;
  return getSmoothStepPath({ ...ends, centerY, borderRadius: 10, offset: 20 });
}
