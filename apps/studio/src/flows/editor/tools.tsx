/** The small tools on the canvas. */
import { ActionIcon, Tooltip } from '@mantine/core';
import { Panel } from '@xyflow/react';
import { Keyboard, LayoutDashboard, Redo2, Spline, Trash2, Undo2, type LucideIcon } from 'lucide-react';
import type { DraftState } from './draft.js';
import classes from './editor.module.css';

interface ToolsProps {
  state: DraftState;
  editable: boolean;
  onUndo(): void;
  onRedo(): void;
  onArrange(): void;
  /** Absent: nothing is selected. */
  onRemove: (() => void) | undefined;
  onConnect: (() => void) | undefined;
  onHelp(): void;
}

export function Tools(props: ToolsProps) {
  const { state, editable, onUndo, onRedo, onArrange, onRemove, onConnect, onHelp } = props;
  const { past, future } = state.history;
  const [back, again] = [past.at(-1)?.label, future.at(-1)?.label];
  return (
    <Panel position="top-left" className={classes.tools}>
      <Tool
        icon={Undo2}
        name={back === undefined ? 'Undo' : `Undo: ${back}`}
        act={back === undefined ? undefined : onUndo}
      />
      <Tool
        icon={Redo2}
        name={again === undefined ? 'Redo' : `Redo: ${again}`}
        act={again === undefined ? undefined : onRedo}
      />
      <Tool icon={LayoutDashboard} name="Lay out" act={editable ? onArrange : undefined} />
      <Tool
        icon={Spline}
        name="Connect the selected module from another"
        act={editable ? onConnect : undefined}
      />
      <Tool icon={Trash2} name="Delete what is selected" act={editable ? onRemove : undefined} />
      <Tool icon={Keyboard} name="Keys" act={onHelp} />
    </Panel>
  );
}

function Tool({ icon: Icon, name, act }: { icon: LucideIcon; name: string; act: (() => void) | undefined }) {
  return (
    <Tooltip label={name}>
      <ActionIcon aria-label={name} disabled={act === undefined} onClick={act}>
        <Icon size={16} />
      </ActionIcon>
    </Tooltip>
  );
}
