/**
 * What a canvas asks while a person draws: may this wire be, where could it lead, and which fields pass here.
 *
 * Guarantee: a wire that is refused would be a problem of checkFlow; one that is allowed with a warning is one
 * that becomes right, or not, with the settings behind it. Nothing is asked of the world but the contracts.
 */
import type { FlowDocument, ProblemPlace } from '@millrace/schemas';
import { arrivalProblems, followColumns, type Arrival } from './check/columns.js';
import { settingProblems } from './check/settings.js';
import { withValues } from './check/values.js';
import { impossible } from './check/wires.js';
import { anyColumns, columnNamed, mergeColumns, type Columns } from './columns.js';
import { reachable, wireFrom } from './graph.js';
import { ERROR_PORT, type Catalogue, type Contracts } from './kind.js';
import { own } from './same.js';

export interface Port {
  module: string;
  port: string;
}

/** Whether a wire may be, in a sentence where it may not, or where something is still missing behind it. */
export type Fit = { ok: true; warning?: string } | { ok: false; why: string };

export interface FlowColumns {
  /** What leaves each module by each port, also by the port `error`. */
  leaving: ReadonlyMap<string, ReadonlyMap<string, Columns>>;
  /** What arrives at each module, all its wires together. A module whose settings are not valid yet counts too. */
  arriving: ReadonlyMap<string, Columns>;
}

/** The columns that are known on every wire; a module that says nothing yet lets anything leave. */
export function flowColumns(
  document: FlowDocument,
  kinds: Catalogue,
  contracts: Contracts = () => undefined,
): FlowColumns {
  const { leaving } = followed(document, kinds, contracts);
  const arriving = new Map<string, Columns>();
  for (const [id, { from = [] }] of Object.entries(document.modules))
    arriving.set(
      id,
      mergeColumns(
        from.map((text) => {
          const wire = wireFrom(text);
          return leaving.get(wire.from)?.get(wire.port) ?? anyColumns;
        }),
      ),
    );
  return { leaving, arriving };
}

/** The ports that a module has as it stands, the error port included where it is asked for. */
export function portsOf(document: FlowDocument, kinds: Catalogue, module: string): readonly string[] {
  const declared = own(document.modules, module);
  const outputs = kinds.get(declared?.type ?? '')?.outputs ?? [];
  return declared?.onError === 'port' ? [...outputs, ERROR_PORT] : outputs;
}

export function mayConnect(
  document: FlowDocument,
  kinds: Catalogue,
  from: Port,
  to: { module: string },
  contracts?: Contracts,
): Fit {
  if (own(document.modules, to.module) === undefined)
    return { ok: false, why: `There is no module "${to.module}".` };
  return fits(document, kinds, from, [to.module], contracts).get(to.module) as Fit;
}

/** The answer for every module of the flow at once. */
export function targetsFrom(
  document: FlowDocument,
  kinds: Catalogue,
  from: Port,
  contracts?: Contracts,
): Map<string, Fit> {
  return fits(document, kinds, from, Object.keys(document.modules), contracts);
}

function fits(
  document: FlowDocument,
  kinds: Catalogue,
  from: Port,
  targets: readonly string[],
  contracts: Contracts = () => undefined,
): Map<string, Fit> {
  const refuse = (why: string): Fit => ({ ok: false, why });
  const wrong = impossible(document, kinds, { from: from.module, port: from.port });
  if (wrong !== undefined) return new Map(targets.map((id) => [id, refuse(wrong)]));
  const above = reachable(document, [from.module], 'up');
  const { leaving, arrivals } = followed(document, kinds, contracts);
  const added = leaving.get(from.module)?.get(from.port) ?? anyColumns;
  return new Map(
    targets.map((id): [string, Fit] => {
      const shape = wireRefusal(document, kinds, from, id, above);
      if (shape !== undefined) return [id, refuse(shape)];
      const arrival = arrivals.get(id);
      return [id, arrival === undefined ? { ok: true } : columnFit(arrival, added, contracts)];
    }),
  );
}

/** Why no wire can lead there, whatever passes on it. */
function wireRefusal(
  document: FlowDocument,
  kinds: Catalogue,
  { module, port }: Port,
  to: string,
  above: ReadonlySet<string>,
): string | undefined {
  const target = own(document.modules, to);
  const kind = kinds.get(target?.type ?? '');
  const from = target?.from ?? [];
  if (to === module) return `${to} cannot feed itself.`;
  if (kind?.inputs === 'none') return `${to} is a source (${kind.type}) and takes no wire.`;
  if (from.map(wireFrom).some((wire) => wire.from === module && wire.port === port))
    return `${module}.${port} already leads to ${to}.`;
  if (kind?.inputs === 'one' && from.length > 0)
    return `${to} (${kind.type}) takes one wire, and has one. Remove that first, or join both with route.merge or align.rows.`;
  if (above.has(to)) return `${to} comes before ${module}: the wires would form a cycle.`;
  return undefined;
}

/** What the new wire makes wrong at its end, that was not wrong before. */
function columnFit(arrival: Arrival, added: Columns, contracts: Contracts): Fit {
  const inputs = [...arrival.inputs, added];
  const after = arrivalProblems({ ...arrival, inputs }, contracts);
  if (after.length === 0) return { ok: true };
  const before = new Set(arrivalProblems(arrival, contracts).map((problem) => problem.detail));
  const news = after.filter(({ detail }) => !before.has(detail));
  const arriving = mergeColumns(inputs);
  // A field that is there with a wrong type will not get a right one; what is missing may come.
  const wrong = news.find((problem) => isMismatch(problem, arriving));
  if (wrong !== undefined) return { ok: false, why: wrong.detail };
  return news[0] === undefined ? { ok: true } : { ok: true, warning: news[0].detail };
}

function isMismatch({ code, field }: ProblemPlace, arriving: Columns): boolean {
  return code === 'flows.columns-unmet' && field !== undefined && columnNamed(arriving, field) !== undefined;
}

interface Followed {
  leaving: ReadonlyMap<string, ReadonlyMap<string, Columns>>;
  arrivals: ReadonlyMap<string, Arrival>;
}

function followed(document: FlowDocument, kinds: Catalogue, contracts: Contracts): Followed {
  const values = withValues(document, undefined);
  const { modules } = settingProblems(values.document, kinds, values.guessed.pointers);
  const arrivals = new Map<string, Arrival>();
  const leaving = followColumns(values.document, modules, contracts, values.guessed.modules, (arrival) =>
    arrivals.set(arrival.id, arrival),
  );
  return { leaving, arrivals };
}
