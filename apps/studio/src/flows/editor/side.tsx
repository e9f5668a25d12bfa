/** The inspector of the module that is selected, bound to the draft. */
import { removeModules, renameModule, setModule, setSettings } from '@millrace/flow';
import type { ProblemPlace } from '@millrace/schemas';
import { Suspense } from 'react';
import { Loading } from '../../ui/page.js';
import { Inspector } from '../parts.js';
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
  /** Undefined: it is gone. */
  onSelect(module: string | undefined): void;
}

export function Side({ draft, deeds, editable, state, module, problems, onSelect }: SideProps) {
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
