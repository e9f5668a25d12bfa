/** The editor of a flow: palette, canvas, inspector, and the drawer with problems, data, test and text. */
import { useLocalStorage } from '@mantine/hooks';
import { setSettings } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import type { ProblemPlace } from '@millrace/schemas';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useSearchParams } from 'wouter';
import { useMay, useMe } from '../../data/me.js';
import { done, failed } from '../../ui/notify.js';
import { Page } from '../../ui/page.js';
import { State } from '../../ui/state.js';
import { many } from '../../ui/units.js';
import { arrange } from '../graph/arrange.js';
import FlowGraph, { type GraphEditing, type WireEnds } from '../graph/flow-graph.js';
import type { Frames } from '../watch/frames.js';
import { Actions } from './actions.js';
import { Banners } from './banners.js';
import { useProblems } from './checking.js';
import { ConnectDialog } from './connect-dialog.js';
import { deedsOf } from './deeds.js';
import type { Draft } from './draft.js';
import { DrawerTabs } from './drawer-tabs.js';
import { focusField } from './focus-field.js';
import { Drawer, DRAWERS, type DrawerTab } from './drawer.js';
import classes from './editor.module.css';
import { KeysHelp } from './keys-help.js';
import { NothingDrawn } from './nothing-drawn.js';
import { sayColumns, useOverlays } from './overlays.js';
import { Palette } from './palette.js';
import { SavedState } from './saved-state.js';
import { FlowSide, Side } from './side.js';
import { Sight, type SightHandle } from './sight.js';
import { Tools } from './tools.js';
import { useDraftState } from './use-draft.js';
import { useKeys } from './use-keys.js';

const NONE: ReadonlySet<string> = new Set();

interface EditorProps {
  name: string;
  draft: Draft;
  /** Modules that somebody else changed just now. */
  flash: ReadonlySet<string>;
}

export function Editor({ name, draft, flash }: EditorProps) {
  const state = useDraftState(draft);
  const { document, text, unreadable } = state;
  const me = useMe();
  const may = useMay('flows.write');
  const editable = may && unreadable.length === 0;
  const problems = useProblems(name, state);
  const [picked, setSelected] = useState(NONE);
  const [wires, setWires] = useState(NONE);
  const [wire, setWire] = useState<WireEnds>();
  const [frames, setFrames] = useState<Frames>();
  const [line, setLine] = useState<number>();
  // A run goes on while one looks at another tab.
  const [tested, setTested] = useState(false);
  const [connecting, setConnecting] = useState<string>();
  const [help, setHelp] = useState(false);
  const [tall, setTall] = useState(false);
  const [palette, setPalette] = useLocalStorage({
    key: 'millrace.palette',
    defaultValue: window.innerWidth >= 1200,
    getInitialValueInEffect: false,
  });
  const [query, setQuery] = useSearchParams();
  const tab = DRAWERS.find((one) => one === query.get('drawer'));
  const sight = useRef<SightHandle>(null);
  const deeds = useMemo(
    () =>
      deedsOf(draft, {
        places: () => sight.current?.places() ?? new Map(),
        middle: () => sight.current?.middle() ?? { x: 0, y: 0 },
      }),
    [draft],
  );
  // What was taken back, or deleted by somebody else, is selected no more.
  const selected = useMemo(() => {
    const there = [...picked].filter((id) => Object.hasOwn(document.modules, id));
    return there.length === picked.size ? picked : new Set(there);
  }, [picked, document.modules]);
  const one = selected.size === 1 ? [...selected][0] : undefined;

  const open = (to: DrawerTab | undefined) => {
    if (to === 'test') setTested(true);
    setQuery(
      (before) => {
        const next = new URLSearchParams(before);
        if (to === undefined) next.delete('drawer');
        else next.set('drawer', to);
        return next;
      },
      { replace: true },
    );
  };
  const select = useCallback((modules: ReadonlySet<string>) => setSelected(modules), []);
  const show = ({ module, pointer, line: at }: ProblemPlace) => {
    if (module !== undefined && Object.hasOwn(document.modules, module)) {
      setSelected(new Set([module]));
      sight.current?.reveal(module, true);
      // The inspector's fields carry their place; the one that is wrong gets the keyboard.
      setTimeout(() => focusField(pointer), 120);
    } else {
      setLine(at ?? 1);
      open('yaml');
    }
  };
  const add = (type: string, at?: { x: number; y: number }) => {
    const id = deeds.add(type, at === undefined ? one : undefined, at);
    setSelected(new Set([id]));
    if (at === undefined) sight.current?.reveal(id, true);
  };
  const begin = () => {
    const id = deeds.add('source.simulator', undefined);
    const { settings } = kinds.get('source.simulator')!.example;
    draft.edit('Set the signals', setSettings(draft.get().document, id, settings));
    setSelected(new Set([id]));
  };
  const connect = (ends: WireEnds) => {
    const why = deeds.connect(ends);
    if (why !== undefined) failed(`Could not connect ${ends.from} to ${ends.to}`, new Error(why));
  };
  const remove = () => {
    if (!editable || (selected.size === 0 && wires.size === 0)) return;
    deeds.remove(selected, [...wires].map(wireFromKey));
    setSelected(NONE);
    setWires(NONE);
  };
  const layOut = async () => {
    if (!editable) return;
    try {
      deeds.arrange(await arrange(document));
      setTimeout(() => sight.current?.fit(), 60);
    } catch (error) {
      failed('Could not lay out the flow', error);
    }
  };

  useKeys({
    undo: () => void draft.undo(),
    redo: () => void draft.redo(),
    selectAll: () => setSelected(new Set(Object.keys(document.modules))),
    selectNone: () => {
      setSelected(NONE);
      setWires(NONE);
    },
    remove,
    fit: () => sight.current?.fit(),
    zoom: (way) => sight.current?.zoom(way),
    arrange: () => void layOut(),
    connect: () => one !== undefined && editable && setConnecting(one),
    search: () => {
      setPalette(true);
      setTimeout(() =>
        globalThis.document.querySelector<HTMLElement>('[aria-label="Search modules"]')?.focus(),
      );
    },
    help: () => setHelp(true),
    copied: () => (selected.size === 0 ? undefined : deeds.copy(selected)),
    paste: (fragment) => {
      if (!editable) return;
      try {
        setSelected(new Set(deeds.paste(fragment)));
      } catch (error) {
        failed('Could not paste', error);
      }
    },
  });

  useEffect(() => {
    if (one !== undefined) sight.current?.reveal(one);
  }, [one]);

  const overlays = useOverlays(problems.places, flash, frames);
  const editing = useMemo(
    (): GraphEditing => ({
      whyNot: deeds.whyNot,
      sayPort: (module, port) => sayColumns(draft.get().document, module, port),
      onConnect: connect,
      onMove: deeds.move,
      onDropType: add,
      selectedWires: wires,
      onSelectWires: setWires,
    }),
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- what they close over is the draft and refs
    [deeds, draft, wires],
  );
  const count = Object.keys(document.modules).length;

  return (
    <Page
      title={name}
      full
      beside={
        may || me === undefined ? (
          <SavedState draft={draft} state={state} />
        ) : (
          <State is="off">Your role may look at it, not change it</State>
        )
      }
      actions={
        <Actions
          name={name}
          draft={draft}
          onCheck={async () => {
            open('problems');
            const { valid, problems: found } = await problems.checkNow();
            if (valid) done('No problems: this can be published');
            else
              failed(`${many(found.length, 'problem')} found`, new Error('See the list below the canvas.'));
          }}
          onTest={() => open('test')}
          onProblems={() => open('problems')}
        />
      }
    >
      <Banners draft={draft} state={state} onShow={show} />
      <div className={classes.editor}>
        <Palette disabled={!editable} opened={palette} onOpened={setPalette} onAdd={(type) => add(type)} />
        <div className={classes.canvas}>
          <div className={classes.graphPlace}>
            {count === 0 && <NothingDrawn disabled={!editable} onBegin={begin} />}
            <FlowGraph
              document={document}
              selected={selected}
              onSelect={select}
              onWire={(ends) => {
                setWire(ends);
                if (frames !== undefined) open('data');
              }}
              modules={overlays.modules}
              wires={overlays.wires}
              edit={editable ? editing : undefined}
              label={`Graph of ${name}`}
            >
              <Sight ref={sight} />
              <Tools
                state={state}
                editable={editable}
                onUndo={() => draft.undo()}
                onRedo={() => draft.redo()}
                onArrange={() => void layOut()}
                onRemove={selected.size + wires.size > 0 ? remove : undefined}
                onConnect={one === undefined ? undefined : () => setConnecting(one)}
                onHelp={() => setHelp(true)}
              />
            </FlowGraph>
          </div>
        </div>
        {one !== undefined && (
          <Side
            draft={draft}
            deeds={deeds}
            editable={editable}
            state={state}
            module={one}
            problems={problems.places}
            frames={frames}
            onSelect={(module) => setSelected(module === undefined ? NONE : new Set([module]))}
          />
        )}
        {selected.size === 0 && (
          <FlowSide draft={draft} state={state} editable={editable} problems={problems.places} />
        )}
        <Drawer tab={tab} onTab={open} tall={tall} onTall={setTall} problems={problems.places.length}>
          <DrawerTabs
            tab={tab}
            flow={name}
            draft={draft}
            document={document}
            text={text}
            problems={problems}
            tested={tested}
            frames={frames}
            onFrames={setFrames}
            wire={wire}
            readOnly={!may}
            line={line}
            onShow={show}
          />
        </Drawer>
      </div>
      {connecting !== undefined && (
        <ConnectDialog
          document={document}
          module={connecting}
          onClose={() => setConnecting(undefined)}
          onConnect={connect}
        />
      )}
      <KeysHelp opened={help} onClose={() => setHelp(false)} />
    </Page>
  );
}

function wireFromKey(key: string): WireEnds {
  const [start = '', to = ''] = key.split('>');
  const dot = start.indexOf('.');
  return { from: start.slice(0, dot), port: start.slice(dot + 1), to };
}
