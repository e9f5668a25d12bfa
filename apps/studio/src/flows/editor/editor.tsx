/** The editor of a flow: palette, canvas, inspector, and the drawer with problems, data, test and text. */
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { renameModule, removeModules, setModule, setSettings, flowColumns } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import type { FlowModule, ProblemPlace } from '@millrace/schemas';
import { PanelLeftOpen } from 'lucide-react';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useSearchParams } from 'wouter';
import { useMay } from '../../data/me.js';
import { done, failed } from '../../ui/notify.js';
import { Empty, Loading, Page } from '../../ui/page.js';
import { many } from '../../ui/units.js';
import { arrange } from '../graph/arrange.js';
import FlowGraph, { type GraphEditing, type ModuleOverlay, type WireEnds } from '../graph/flow-graph.js';
import { extrasOf, type Extras } from '../watch/extras.js';
import type { Frames } from '../watch/frames.js';
import { WirePanel } from '../watch/wire-panel.js';
import { Inspector, TestDrawer } from '../parts.js';
import { Actions } from './actions.js';
import { countByModule, useProblems } from './checking.js';
import { Conflicts } from './conflicts.js';
import { ConnectDialog } from './connect-dialog.js';
import { deedsOf } from './deeds.js';
import type { Draft } from './draft.js';
import { Drawer, DRAWERS, type DrawerTab } from './drawer.js';
import classes from './editor.module.css';
import { KeysHelp } from './keys-help.js';
import { Palette } from './palette.js';
import { ProblemsTab } from './problems-tab.js';
import { SavedState } from './saved-state.js';
import { Sight, type SightHandle } from './sight.js';
import { Tools } from './tools.js';
import { useDraftState } from './use-draft.js';
import { useKeys } from './use-keys.js';

const YamlTab = lazy(() => import('./yaml-tab.js'));
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
  const may = useMay('flows.write');
  const editable = may && unreadable.length === 0;
  const problems = useProblems(name, state);
  const [selected, setSelected] = useState(NONE);
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
  const one =
    selected.size === 1 ? [...selected].find((id) => Object.hasOwn(document.modules, id)) : undefined;

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

  const extras = useExtras(frames);
  const overlays = useMemo(
    () => overlaysOf(countByModule(problems.places), flash, extras),
    [problems.places, flash, extras],
  );
  const editing = useMemo(
    (): GraphEditing => ({
      whyNot: deeds.whyNot,
      sayPort: (module, port) => sayColumns(draft, module, port),
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
      beside={<SavedState draft={draft} state={state} />}
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
      <Conflicts draft={draft} state={state} onShow={(module) => show({ module, detail: '' })} />
      {unreadable.length > 0 && (
        <div className={classes.unreadable} role="alert">
          The text cannot be read as a flow, so the canvas shows what it was before. It is saved as it is.
          <Button variant="default" size="compact-xs" onClick={() => show(unreadable[0]!)}>
            Mend the text
          </Button>
          <Button variant="default" size="compact-xs" onClick={() => draft.undo()}>
            Undo
          </Button>
        </div>
      )}
      <div className={classes.editor}>
        {palette ? (
          <Palette disabled={!editable} onAdd={(type) => add(type)} onClose={() => setPalette(false)} />
        ) : (
          <div className={classes.paletteClosed}>
            <Tooltip label="Show the palette" position="right">
              <ActionIcon aria-label="Show the palette" onClick={() => setPalette(true)}>
                <PanelLeftOpen size={16} />
              </ActionIcon>
            </Tooltip>
          </div>
        )}
        <div className={classes.canvas}>
          <div className={classes.graphPlace}>
            {count === 0 && (
              <div className={classes.empty}>
                <Empty
                  title="Nothing is drawn yet"
                  action={
                    <Button disabled={!editable} onClick={begin}>
                      Begin with a simulated sensor
                    </Button>
                  }
                >
                  Drag a source from the palette, or press / and type its name. Or write the flow as text
                  under YAML.
                </Empty>
              </div>
            )}
            <FlowGraph
              document={document}
              selected={selected}
              onSelect={select}
              onWire={(ends) => {
                setWire(ends);
                if (frames !== undefined) open('data');
              }}
              modules={overlays}
              wires={extras?.wires}
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
          <aside className={classes.inspector} aria-label={`Inspector of ${one}`}>
            <Suspense fallback={<Loading lines={4} />}>
              <Inspector
                key={one}
                document={document}
                module={one}
                problems={problems.places.filter(({ module }) => module === one)}
                onSettings={(settings: Record<string, unknown>) =>
                  draft.edit(`Set ${one}`, setSettings(document, one, settings), `settings/${one}`)
                }
                onModule={(change: Partial<Omit<FlowModule, 'from'>>) =>
                  draft.edit(`Set ${one}`, setModule(document, one, change), `module/${one}`)
                }
                onRename={(to: string) => {
                  draft.edit(`Rename ${one} to ${to}`, renameModule(document, one, to));
                  setSelected(new Set([to]));
                }}
                onRemove={() => {
                  draft.edit(`Delete ${one}`, removeModules(document, [one]));
                  setSelected(NONE);
                }}
              />
            </Suspense>
          </aside>
        )}
        <Drawer tab={tab} onTab={open} tall={tall} onTall={setTall} problems={problems.places.length}>
          <Suspense fallback={<Loading lines={3} />}>
            {tab === 'problems' && (
              <ProblemsTab
                problems={problems.places}
                checkedByDirector={problems.checkedByDirector}
                onShow={show}
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
              <div hidden={tab !== 'test'}>
                <TestDrawer
                  flow={name}
                  document={document}
                  text={text}
                  onWatch={setFrames}
                  onSelect={(module) => show({ module, detail: '' })}
                />
              </div>
            )}
            {tab === 'yaml' && (
              <YamlTab draft={draft} text={text} problems={problems.places} readOnly={!may} line={line} />
            )}
          </Suspense>
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

function useExtras(frames: Frames | undefined): Extras | undefined {
  const before = useRef<Extras>(undefined);
  return useMemo(() => {
    before.current = frames === undefined ? undefined : extrasOf(frames, before.current);
    return before.current;
  }, [frames]);
}

function overlaysOf(
  counts: ReadonlyMap<string, number>,
  flash: ReadonlySet<string>,
  extras: Extras | undefined,
): ReadonlyMap<string, ModuleOverlay> {
  const overlays = new Map<string, ModuleOverlay>(extras?.modules);
  for (const [id, problems] of counts) overlays.set(id, { ...overlays.get(id), problems });
  for (const id of flash) overlays.set(id, { ...overlays.get(id), flash: true });
  return overlays;
}

/** What leaves a port: `out: TS1 number °C, TS2 number`. */
function sayColumns(draft: Draft, module: string, port: string): string {
  const columns = flowColumns(draft.get().document, kinds).leaving.get(module)?.get(port);
  if (columns === undefined || (columns.fields.size === 0 && columns.open)) return `${port}: any fields`;
  const fields = [...columns.fields].map(([name, { type, unit }]) =>
    [name, type === 'unknown' ? '' : type, unit].filter(Boolean).join(' '),
  );
  return `${port}: ${fields.join(', ')}${columns.open ? ', and maybe more' : ''}`;
}

function wireFromKey(key: string): WireEnds {
  const [start = '', to = ''] = key.split('>');
  const dot = start.indexOf('.');
  return { from: start.slice(0, dot), port: start.slice(dot + 1), to };
}

function focusField(pointer: string | undefined): void {
  if (pointer === undefined) return;
  const field = document.querySelector<HTMLElement>(`[data-pointer="${CSS.escape(pointer)}"]`);
  const input = field?.matches('input, textarea, select, button')
    ? field
    : field?.querySelector<HTMLElement>('input, textarea, select, button');
  input?.focus();
  input?.scrollIntoView({ block: 'nearest' });
}
