/** Keeps the whole graph in sight when its place becomes larger or smaller. */
import { useReactFlow, useStore } from '@xyflow/react';
import { useEffect } from 'react';

const FIT = { padding: 0.08, maxZoom: 1 };

export default function Refit() {
  const { fitView } = useReactFlow();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  // Also when all are placed anew or become higher, and not when a value changes.
  const places = useStore(({ nodes }) =>
    nodes.map(({ position: { x, y }, height }) => `${x},${y},${height}`).join(' '),
  );
  useEffect(() => {
    if (width > 0 && height > 0) void fitView(FIT);
  }, [width, height, places, fitView]);
  return null;
}
