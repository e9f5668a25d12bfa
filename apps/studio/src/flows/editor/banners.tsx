/** What must be seen to before one can go on drawing. */
import { Button } from '@mantine/core';
import type { ProblemPlace } from '@millrace/schemas';
import { State } from '../../ui/state.js';
import { Conflicts } from './conflicts.js';
import type { Draft, DraftState } from './draft.js';
import classes from './editor.module.css';

interface BannersProps {
  draft: Draft;
  state: DraftState;
  onShow(problem: ProblemPlace): void;
}

export function Banners({ draft, state, onShow }: BannersProps) {
  const [first] = state.unreadable;
  return (
    <>
      <Conflicts draft={draft} state={state} onShow={(module) => onShow({ module, detail: '' })} />
      {first && (
        <div className={classes.unreadable} role="alert">
          <State is="look">The text is no flow</State>
          <span className={classes.unreadableWhy} title={first.detail}>
            {first.line !== undefined && `Line ${first.line}: `}
            {first.detail} The canvas waits until it can be read; the text is saved as it is.
          </span>
          <Button variant="default" size="compact-xs" onClick={() => onShow(first)}>
            Mend the text
          </Button>
          <Button variant="default" size="compact-xs" onClick={() => draft.undo()}>
            Undo
          </Button>
        </div>
      )}
    </>
  );
}
