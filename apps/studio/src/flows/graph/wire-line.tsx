/** A wire on the canvas; its label comes with the pointer, and stays where it is marked or selected. */
import { BaseEdge, EdgeText, getBezierPath, type EdgeProps } from '@xyflow/react';
import { memo } from 'react';
import type { WireEdge } from './elements.js';
import classes from './graph.module.css';

export const WireLine = memo(function WireLine(props: EdgeProps<WireEdge>) {
  const { id, sourceX, sourceY, targetX, targetY, sourcePosition, targetPosition, selected, data } = props;
  const [path, x, y] = getBezierPath({
    sourceX,
    sourceY,
    targetX,
    targetY,
    sourcePosition,
    targetPosition,
    curvature: 0.3,
  });
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
