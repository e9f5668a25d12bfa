/** What the editor asks of the canvas and tells it: inside React Flow, handed out by a ref. */
import { useReactFlow } from '@xyflow/react';
import { useImperativeHandle, type Ref } from 'react';
import { FIT } from '../graph/flow-graph.js';
import { CARD } from '../graph/look.js';
import type { Place, Places } from '../graph/places.js';
import type { Sight as WhatIsSeen } from './deeds.js';

export interface SightHandle extends WhatIsSeen {
  fit(): void;
  zoom(way: 1 | -1): void;
  /** Brings a module into sight and the keyboard to it. */
  goTo(module: string): void;
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
    goTo(module) {
      const node = flow.getNode(module);
      if (node === undefined) return;
      const { x, y } = node.position;
      void flow.setCenter(x + CARD.width / 2, y + CARD.height / 2, {
        zoom: Math.max(flow.getZoom(), 0.8),
        ...MOTION,
      });
    },
  }));
  return null;
}
