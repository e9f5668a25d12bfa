/** What is selected on the canvas as a form: the settings of a module from its kind, with docs and problems beside. */
import { anyColumns, flowColumns, formOf, type Contracts } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import type { FlowDocument, ProblemPlace } from '@millrace/schemas';
import { useDeferredValue, useMemo } from 'react';
import type { WireEnds } from '../graph/elements.js';
import type { Frames } from '../watch/frames.js';
import { BeforeAfter } from './before-after.js';
import { Behaviour, type ModuleChange } from './behaviour.js';
import { Control } from './fields/control.js';
import { Fields } from './fields/fields.js';
import { AnyControl } from './fields/nested.js';
import { Wrong } from './fields/wrong.js';
import { Head } from './head.js';
import classes from './inspector.module.css';
import { PlaceContext, type Place } from './place.js';
import { problemsAt, settingPointer, unplaced } from './places.js';
import { useContracts } from './use-contracts.js';
import { useSettings } from './use-settings.js';
import { Wires } from './wires.js';
import { chosenIn } from './references.js';

interface InspectorProps {
  document: FlowDocument;
  module: string;
  problems: readonly ProblemPlace[];
  editable: boolean;
  /** Of the last test run. */
  frames?: Frames;
  onSettings(settings: Record<string, unknown>): void;
  onModule(change: ModuleChange): void;
  /** Throws a Failure for an id that may not be. */
  onRename(to: string): void;
  onRemove(): void;
  /** Why not, or nothing when it is done. */
  onConnect(wire: WireEnds): string | undefined;
  onDisconnect(wire: WireEnds): void;
}

const NONE: Readonly<Record<string, never>> = {};

export default function Inspector(props: InspectorProps) {
  const { document, module: id, problems, editable, onSettings, onModule, onRename, onRemove } = props;
  const module = document.modules[id]!;
  const kind = kinds.get(module.type);
  const { settings, set, flush } = useSettings(module.settings ?? NONE, (to) =>
    onSettings(to as Record<string, unknown>),
  );
  const contracts = useContracts(document);
  const arriving = useArriving(document, id, contracts);
  const form = kind === undefined ? [] : formOf(kind);
  const place: Place = {
    module: id,
    settings,
    arriving,
    parameters: document.parameters ?? NONE,
    problems,
    known: { module: { ...module, settings }, arriving, contract: contractOf(settings, contracts) },
    disabled: !editable,
    set: () => undefined,
  };
  place.set = (path, value, typing = false, floor = 0) => set({ path, value, floor }, typing);
  const root = problemsAt(problems, settingPointer(id, []));
  const others = unplaced(
    problems,
    id,
    form.map(({ key }) => key),
  ).filter(({ detail }) => !root.includes(detail));
  return (
    // What is typed is handed on when its field is left.
    <div className={classes.inspector} onBlur={flush}>
      <Head
        key={id}
        id={id}
        module={module}
        kind={kind}
        editable={editable}
        onRename={(to) => {
          flush();
          onRename(to);
        }}
        onRemove={onRemove}
      />
      {(root.length > 0 || others.length > 0) && (
        <section className={classes.problems} aria-label={`Problems of ${id}`}>
          <Wrong sentences={[...new Set([...root, ...others.map(({ detail }) => detail)])]} />
        </section>
      )}
      <Wires {...props} contracts={contracts} />
      {props.frames && <BeforeAfter frames={props.frames} id={id} module={module} />}
      {form.length > 0 && (
        <section className={classes.section} aria-label="Settings">
          <PlaceContext value={place}>
            <AnyControl value={Control}>
              <Fields fields={form} path={[]} value={settings} />
            </AnyControl>
          </PlaceContext>
        </section>
      )}
      {kind !== undefined && (
        <Behaviour
          id={id}
          module={module}
          source={kind.inputs === 'none'}
          problems={problems}
          editable={editable}
          onModule={onModule}
        />
      )}
    </div>
  );
}

/** A large flow is followed behind the typing and not before it. */
function useArriving(document: FlowDocument, id: string, contracts: Contracts) {
  const settled = useDeferredValue(document);
  const { arriving } = useMemo(() => flowColumns(settled, kinds, contracts), [settled, contracts]);
  return arriving.get(id) ?? anyColumns;
}

function contractOf(settings: Readonly<Record<string, unknown>>, contracts: Contracts) {
  const reference = Object.values(settings).find((value) => chosenIn(value) !== undefined);
  return typeof reference === 'string' ? contracts(reference) : undefined;
}
