/** What the editor asks of the canvas and tells it: inside React Flow, handed out by a ref. */
import { useReactFlow, type ReactFlowInstance } from '@xyflow/react';
import { useImperativeHandle, type Ref } from 'react';
import { FIT } from '../graph/flow-graph.js';
import { CARD } from '../graph/look.js';
import type { Place, Places } from '../graph/places.js';
import type { Sight as WhatIsSeen } from './deeds.js';

export interface SightHandle extends WhatIsSeen {
  fit(): void;
  zoom(way: 1 | -1): void;
  /** Brings a module into sight, if it is not; also one that is about to be drawn. `near`: so that it can be read. */
  reveal(module: string, near?: boolean): void;
}

const MOTION = { duration: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 140 };

export function Sight({ ref }: { ref: Ref<SightHandle> }) {
  const flow = useReactFlow();
  useImperativeHandle(ref, () => ({
    places: (): Places => new Map(flow.getNodes().map(({ id, position }) => [id, position])),
    middle: (): Place => {
      const box = document.querySelector('.react-flow')!.getBoundingClientRect();
      const { x, y } = flow.screenToFlowPosition({
        x: box.left + box.width / 2,
        y: box.top + box.height / 2,
      });
      return { x: Math.round(x - CARD.width / 2), y: Math.round(y - CARD.height / 2) };
    },
    fit: () => void flow.fitView({ ...FIT, ...MOTION }),
    zoom: (way) => void (way === 1 ? flow.zoomIn(MOTION) : flow.zoomOut(MOTION)),
    reveal: (module, near = false) => void setTimeout(() => reveal(flow, module, near), SETTLED_MS),
  }));
  return null;
}

/** After this what was added is drawn, and the inspector has its place. */
const SETTLED_MS = 80;
const MARGIN = 24;

function reveal(flow: ReactFlowInstance, module: string, near: boolean): void {
  const node = flow.getNode(module);
  const pane = document.querySelector('.react-flow')?.getBoundingClientRect();
  // What is held by the hand is where it should be.
  if (node === undefined || pane === undefined || node.dragging) return;
  const { x, y } = node.position;
  const height = node.height ?? CARD.height;
  const begin = flow.flowToScreenPosition({ x, y });
  const end = flow.flowToScreenPosition({ x: x + CARD.width, y: y + height });
  const inSight =
    begin.x >= pane.left + MARGIN &&
    begin.y >= pane.top + MARGIN &&
    end.x <= pane.right - MARGIN &&
    end.y <= pane.bottom - MARGIN;
  const zoom = Math.max(flow.getZoom(), near ? READABLE : 0);
  if (inSight && zoom === flow.getZoom()) return;
  void flow.setCenter(x + CARD.width / 2, y + height / 2, { zoom, ...MOTION });
}

const READABLE = 0.45;
