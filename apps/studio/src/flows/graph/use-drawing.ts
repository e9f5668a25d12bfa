/** What is known while a wire is drawn. A wire may be let go anywhere on a card. */
import type { FinalConnectionState, OnConnectStartParams } from '@xyflow/react';
import { useState } from 'react';
import type { WireEnds } from './elements.js';
import { useStable } from './use-stable.js';

interface Wiring {
  whyNot(from: string, port: string): ReadonlyMap<string, string>;
  onConnect(wire: WireEnds): void;
}

export function useDrawing(edit: Wiring | undefined) {
  const [whyNot, setWhyNot] = useState<ReadonlyMap<string, string>>();
  const [over, setOver] = useState<string>();
  const onConnectStart = useStable((_: unknown, { nodeId, handleId }: OnConnectStartParams) => {
    if (nodeId !== null) setWhyNot(edit?.whyNot(nodeId, handleId ?? 'out'));
  });
  const onConnectEnd = useStable(
    (event: MouseEvent | TouchEvent, { fromNode, fromHandle, toNode }: FinalConnectionState) => {
      const to = toNode?.id ?? cardUnder(event);
      setWhyNot(undefined);
      setOver(undefined);
      if (fromNode && to !== undefined && !whyNot?.has(to)) {
        edit?.onConnect({ from: fromNode.id, port: fromHandle?.id ?? 'out', to });
      }
    },
  );
  return {
    /** Undefined: no wire is being drawn. */
    whyNot,
    /** Why it cannot lead to the card under the pointer. */
    reason: over === undefined ? undefined : whyNot?.get(over),
    onConnectStart,
    onConnectEnd,
    isValidConnection: useStable(({ target }: { target: string }) => !whyNot?.has(target)),
    onNodeMouseEnter: useStable((_: unknown, { id }: { id: string }) => {
      if (whyNot !== undefined) setOver(id);
    }),
    onNodeMouseLeave: useStable(() => setOver(undefined)),
  };
}

function cardUnder(event: MouseEvent | TouchEvent): string | undefined {
  const { clientX, clientY } = 'changedTouches' in event ? event.changedTouches[0]! : event;
  const card = document.elementFromPoint(clientX, clientY)?.closest('.react-flow__node');
  return card?.getAttribute('data-id') ?? undefined;
}
