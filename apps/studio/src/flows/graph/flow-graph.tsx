/**
 * A flow on a canvas: cards and wires that one can move over, select, and with `edit` change.
 *
 * Guarantee: a drag redraws what is dragged and its wires; the document hears of it once, at the end.
 */
import { useComputedColorScheme } from '@mantine/core';
import type { FlowDocument } from '@millrace/schemas';
import { kinds } from '@millrace/modules/kinds';
import {
  applyNodeChanges,
  Background,
  Controls,
  Panel,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  type EdgeChange,
  type NodeChange,
  type Viewport,
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { useEffect, useMemo, useRef, useState, type DragEvent, type ReactNode } from 'react';
import { DRAGGED_TYPE } from './dragged.js';
import {
  isLive,
  nodesOf,
  wireKey,
  wireOf,
  wiresOf,
  type CardNode,
  type ModuleOverlay,
  type WireEdge,
  type WireEnds,
  type WireOverlay,
} from './elements.js';
import classes from './graph.module.css';
import { CARD } from './look.js';
import { ModuleCard, SayPort, WhyNot } from './module-card.js';
import type { Place, Places } from './places.js';
import { useDrawing } from './use-drawing.js';
import { usePlaces } from './use-places.js';
import { useStable } from './use-stable.js';
import { WireLine } from './wire-line.js';

export interface GraphEditing {
  /** Modules that a wire from this port cannot lead to, with the reason. Asked once, as one begins to draw. */
  whyNot(from: string, port: string): ReadonlyMap<string, string>;
  /** What leaves a port, in words. */
  sayPort?(module: string, port: string): string | undefined;
  onConnect(wire: WireEnds): void;
  /** Where every module stands now. */
  onMove(places: Places): void;
  /** Something of the palette was dropped, with the type in `application/x-millrace-module`. */
  onDropType(type: string, at: Place): void;
  selectedWires?: ReadonlySet<string>;
  onSelectWires?(wires: ReadonlySet<string>): void;
}

export interface FlowGraphProps {
  document: FlowDocument;
  selected?: ReadonlySet<string>;
  onSelect?(modules: ReadonlySet<string>): void;
  onWire?(wire: WireEnds): void;
  modules?: ReadonlyMap<string, ModuleOverlay>;
  /** By `from.port>to`. */
  wires?: ReadonlyMap<string, WireOverlay>;
  /** Read only without it. */
  edit?: GraphEditing;
  label?: string;
  /** Inside the canvas, such as panels that use `useReactFlow`. */
  children?: ReactNode;
}

const NODE_TYPES = { module: ModuleCard };
const EDGE_TYPES = { wire: WireLine };
const NONE: ReadonlySet<string> = new Set();
const MULTI = ['Shift', 'Control', 'Meta'];
const FAR = 0.45;
const VERY_FAR = 0.25;
/** Beside the tools that lie on the canvas. */
export const FIT = {
  padding: { top: '60px', right: '32px', bottom: '32px', left: '56px' },
  maxZoom: 1,
  minZoom: 0.05,
} as const;

export default function FlowGraph(props: FlowGraphProps) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas(props: FlowGraphProps) {
  const { document, onSelect, onWire, modules, wires, edit, label, children } = props;
  const scheme = useComputedColorScheme();
  const flow = useReactFlow<CardNode, WireEdge>();
  const frame = useRef<HTMLDivElement>(null);
  const live = useMemo(() => [...(modules?.values() ?? [])].some(isLive), [modules]);
  const places = usePlaces(document, CARD.height + (live ? CARD.live : 0));
  const [ownSelection, setOwnSelection] = useState(NONE);
  const [ownWires, setOwnWires] = useState(NONE);
  const selected = props.selected ?? ownSelection;
  const selectedWires = edit?.selectedWires ?? ownWires;
  const [nodes, setNodes] = useState<CardNode[]>([]);
  const [edges, setEdges] = useState<WireEdge[]>([]);
  const now = useRef(nodes);
  const drawing = useDrawing(edit);

  useEffect(() => {
    now.current = nodesOf(now.current, {
      document,
      catalogue: kinds,
      places,
      selected,
      overlays: modules,
    });
    setNodes(now.current);
  }, [document, places, selected, modules]);
  useEffect(() => {
    setEdges((previous) => wiresOf(previous, document, wires, selectedWires));
  }, [document, wires, selectedWires]);

  const frameDue = useRef(0);
  const onNodesChange = useStable((changes: NodeChange<CardNode>[]) => {
    now.current = applyNodeChanges(changes, now.current);
    cancelAnimationFrame(frameDue.current);
    // A hand moves more often than a screen shows.
    if (changes.every((change) => change.type === 'position' && change.dragging)) {
      frameDue.current = requestAnimationFrame(() => setNodes(now.current));
      return;
    }
    setNodes(now.current);
    if (changes.some(({ type }) => type === 'select')) {
      const next = new Set(now.current.filter((node) => node.selected).map(({ id }) => id));
      setOwnSelection(next);
      onSelect?.(next);
    }
    // The end of a drag, or one step by an arrow key.
    if (changes.some((change) => change.type === 'position' && !change.dragging && change.position)) {
      edit?.onMove(new Map(now.current.map(({ id, position }) => [id, rounded(position)])));
    }
  });
  const onEdgesChange = useStable((changes: EdgeChange<WireEdge>[]) => {
    const next = new Set(selectedWires);
    for (const change of changes) {
      if (change.type !== 'select') continue;
      if (change.selected) next.add(change.id);
      else next.delete(change.id);
    }
    setOwnWires(next);
    edit?.onSelectWires?.(next);
    const [only] = next;
    const wire = next.size === 1 && !selectedWires.has(only!) && edges.find(({ id }) => id === only);
    if (wire) onWire?.(wireOf(wire));
  });
  const onMove = useStable((_: unknown, { zoom }: Viewport) => {
    if (zoom >= FAR) frame.current?.removeAttribute('data-far');
    else frame.current?.setAttribute('data-far', zoom < VERY_FAR ? 'very' : '');
  });

  const drop = (event: DragEvent) => {
    const type = event.dataTransfer.getData(DRAGGED_TYPE);
    if (type === '') return;
    event.preventDefault();
    const at = flow.screenToFlowPosition({ x: event.clientX, y: event.clientY });
    edit?.onDropType(type, rounded({ x: at.x - CARD.width / 2, y: at.y - CARD.height / 2 }));
  };

  return (
    <div ref={frame} className={classes.graph}>
      <WhyNot value={drawing.whyNot}>
        <SayPort value={edit?.sayPort}>
          <ReactFlow<CardNode, WireEdge>
            // The first time that something is there, it is fitted into sight.
            key={nodes.length > 0 ? 'shown' : 'empty'}
            aria-label={label ?? `Graph of ${document.metadata.name}`}
            colorMode={scheme}
            nodes={nodes}
            edges={edges}
            nodeTypes={NODE_TYPES}
            edgeTypes={EDGE_TYPES}
            onNodesChange={onNodesChange}
            onEdgesChange={onEdgesChange}
            nodesDraggable={edit !== undefined}
            nodesConnectable={edit !== undefined}
            onConnectStart={drawing.onConnectStart}
            onConnectEnd={drawing.onConnectEnd}
            isValidConnection={drawing.isValidConnection}
            onNodeMouseEnter={drawing.onNodeMouseEnter}
            onNodeMouseLeave={drawing.onNodeMouseLeave}
            connectionRadius={32}
            onDragOver={(event) => {
              if (edit && event.dataTransfer.types.includes(DRAGGED_TYPE)) event.preventDefault();
            }}
            onDrop={drop}
            onMove={onMove}
            onlyRenderVisibleElements
            fitView
            fitViewOptions={FIT}
            minZoom={0.05}
            maxZoom={2}
            deleteKeyCode={null}
            multiSelectionKeyCode={MULTI}
            selectionKeyCode={edit === undefined ? null : 'Shift'}
            elevateNodesOnSelect
            autoPanOnNodeFocus
          >
            <Background gap={24} size={1} />
            <Controls showInteractive={false} fitViewOptions={FIT} />
            {drawing.reason !== undefined && (
              <Panel position="top-center" className={classes.why} role="status">
                {drawing.reason}
              </Panel>
            )}
            {children}
          </ReactFlow>
        </SayPort>
      </WhyNot>
    </div>
  );
}

const rounded = ({ x, y }: Place): Place => ({ x: Math.round(x), y: Math.round(y) });

export { wireKey };
export type { ModuleOverlay, WireEnds, WireOverlay };
