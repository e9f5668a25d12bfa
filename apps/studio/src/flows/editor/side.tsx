/** The inspector of the module that is selected, or of the flow while none is, bound to the draft. */
import { ActionIcon, Tooltip } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { removeModules, renameModule, setModule, setSettings } from '@millrace/flow';
import type { ProblemPlace } from '@millrace/schemas';
import { PanelRightOpen } from 'lucide-react';
import { Suspense } from 'react';
import { Loading } from '../../ui/page.js';
import { FlowInspector, Inspector } from '../parts.js';
import type { Frames } from '../watch/frames.js';
import type { Deeds } from './deeds.js';
import type { Draft, DraftState } from './draft.js';
import classes from './editor.module.css';

const NONE: ReadonlySet<string> = new Set();

interface SideProps {
  deeds: Deeds;
  editable: boolean;
  draft: Draft;
  state: DraftState;
  module: string;
  problems: readonly ProblemPlace[];
  /** Of the last test run. */
  frames: Frames | undefined;
  /** Undefined: it is gone. */
  onSelect(module: string | undefined): void;
}

export function Side({ draft, deeds, editable, state, module, problems, frames, onSelect }: SideProps) {
  const { document } = state;
  // What is typed may come after another edit: the newest document counts.
  const newest = () => draft.get().document;
  return (
    <aside className={classes.inspector} aria-label={`Inspector of ${module}`}>
      <Suspense fallback={<Loading lines={4} />}>
        <Inspector
          key={module}
          document={document}
          module={module}
          problems={problems.filter((problem) => problem.module === module)}
          onSettings={(settings) =>
            draft.edit(`Set ${module}`, setSettings(newest(), module, settings), `settings/${module}`)
          }
          editable={editable}
          frames={frames}
          onConnect={deeds.connect}
          onDisconnect={(wire) => deeds.remove(NONE, [wire])}
          onModule={(change) =>
            draft.edit(`Set ${module}`, setModule(newest(), module, change), `module/${module}`)
          }
          onRename={(to) => {
            draft.edit(`Rename ${module} to ${to}`, renameModule(newest(), module, to));
            onSelect(to);
          }}
          onRemove={() => {
            draft.edit(`Delete ${module}`, removeModules(newest(), [module]));
            onSelect(undefined);
          }}
        />
      </Suspense>
    </aside>
  );
}

interface FlowSideProps {
  draft: Draft;
  state: DraftState;
  editable: boolean;
  problems: readonly ProblemPlace[];
}

const WIDE_PX = 1_200;

/** Of the flow itself. It is open where there is room, until one closes it. */
export function FlowSide({ draft, state, editable, problems }: FlowSideProps) {
  const [opened, setOpened] = useLocalStorage({
    key: 'millrace.flow-inspector',
    defaultValue: window.innerWidth >= WIDE_PX,
    getInitialValueInEffect: false,
  });
  if (!opened)
    return (
      <div className={classes.inspectorClosed}>
        <Tooltip label="Show the inspector of the flow" position="left">
          <ActionIcon aria-label="Show the inspector of the flow" onClick={() => setOpened(true)}>
            <PanelRightOpen size={16} />
          </ActionIcon>
        </Tooltip>
      </div>
    );
  return (
    <aside className={classes.inspector} aria-label="Inspector of the flow">
      <Suspense fallback={<Loading lines={4} />}>
        <FlowInspector
          document={state.document}
          problems={problems.filter(({ module }) => module === undefined)}
          editable={editable}
          onEdit={(label, document, key) => draft.edit(label, document, key)}
          onClose={() => setOpened(false)}
        />
      </Suspense>
    </aside>
  );
}
