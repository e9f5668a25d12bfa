/** What the tabs of the drawer show. */
import type { FlowDocument, ProblemPlace } from '@millrace/schemas';
import { lazy, Suspense } from 'react';
import { Loading } from '../../ui/page.js';
import type { WireEnds } from '../graph/elements.js';
import { TestDrawer } from '../parts.js';
import type { Frames } from '../watch/frames.js';
import { WirePanel } from '../watch/wire-panel.js';
import type { Problems } from './checking.js';
import type { Draft } from './draft.js';
import type { DrawerTab } from './drawer.js';
import classes from './editor.module.css';
import { ProblemsTab } from './problems-tab.js';

const YamlTab = lazy(() => import('./yaml-tab.js'));

interface DrawerTabsProps {
  tab: DrawerTab | undefined;
  flow: string;
  draft: Draft;
  document: FlowDocument;
  text: string;
  problems: Problems;
  /** A test was opened once: its run goes on while one looks at another tab. */
  tested: boolean;
  frames: Frames | undefined;
  onFrames(frames: Frames): void;
  wire: WireEnds | undefined;
  readOnly: boolean;
  line: number | undefined;
  onShow(problem: ProblemPlace): void;
}

export function DrawerTabs(props: DrawerTabsProps) {
  const { tab, flow, draft, document, text, problems, tested, frames, onFrames, wire, onShow } = props;
  return (
    <Suspense fallback={<Loading lines={3} />}>
      {tab === 'problems' && (
        <ProblemsTab
          problems={problems.places}
          checkedByDirector={problems.checkedByDirector}
          onShow={onShow}
        />
      )}
      {tab === 'data' &&
        (wire === undefined ? (
          <p className={classes.tabText}>
            {frames === undefined
              ? 'Run a test, then select a wire to see what passes on it.'
              : 'Select a wire to see what passes on it.'}
          </p>
        ) : (
          <WirePanel frames={frames} wire={wire} />
        ))}
      {(tab === 'test' || tested) && (
        <div hidden={tab !== 'test'} className={classes.testTab}>
          <TestDrawer
            flow={flow}
            document={document}
            text={text}
            onWatch={onFrames}
            onSelect={(module) => onShow({ module, detail: '' })}
          />
        </div>
      )}
      {tab === 'yaml' && (
        <YamlTab
          draft={draft}
          text={text}
          problems={problems.places}
          readOnly={props.readOnly}
          line={props.line}
        />
      )}
    </Suspense>
  );
}
