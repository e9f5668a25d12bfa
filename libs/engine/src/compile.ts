/**
 * From a flow document to bound modules: settings parsed, behaviours made, names resolved, wires connected.
 *
 * Guarantee: either a whole set of units in run order or a Failure that names the module; no I/O happens
 * here. The document has passed `checkFlow`, and its parameters and resources are filled in.
 */
import { ERROR_PORT, DEFAULT_PORT, type Catalogue, runOrder } from '@millrace/flow';
import { Failure, type FlowDocument } from '@millrace/schemas';
import type { Behaviours, Input } from './module.js';
import type { Schema } from './schema.js';
import { Unit, type Surroundings } from './unit.js';

/** Rows that may wait in an asynchronous module when its flow says nothing else. */
const DEFAULT_QUEUE = { size: 10_000, full: 'block' } as const;

export function compileFlow(
  document: FlowDocument,
  kinds: Catalogue,
  behaviours: Behaviours,
  surroundings: Surroundings,
): Unit[] {
  const units = new Map<string, Unit>();
  const leaving = new Map<string, Schema[][]>();
  for (const id of runOrder(document)) {
    const module = document.modules[id];
    const kind = kinds.get(module.type);
    const create = behaviours.get(module.type);
    if (kind === undefined || create === undefined) {
      throw new Failure('flows.invalid', `${id}: this node has no module type ${module.type}`);
    }
    const parsed = kind.settings.safeParse(module.settings ?? {});
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new Failure('flows.invalid', `${id}: setting ${issue.path.join('.')}: ${issue.message}`);
    }
    const unit = new Unit(
      id,
      module.type,
      parsed.data,
      { ...DEFAULT_QUEUE, ...module.queue },
      module.onError ?? 'skip',
      kind.outputs,
      surroundings,
      create,
    );
    const inputs: Input[] = [];
    for (const wire of module.from ?? []) {
      const [from, port = DEFAULT_PORT] = wire.split('.');
      const source = units.get(from)!;
      const ports = kinds.get(source.type)!.outputs;
      const index = port === ERROR_PORT ? ports.length : ports.indexOf(port);
      if (index < 0) throw new Failure('flows.invalid', `${id}: ${from} has no port ${port}`);
      const streams = leaving.get(from)![index];
      source.connect(index, unit, inputs.length, streams);
      for (const schema of streams) inputs.push({ schema, from, port });
    }
    const incoming = [...new Set(inputs.map((input) => input.schema))];
    const out = unit.behaviour.bind?.(inputs) ?? kind.outputs.map(() => incoming);
    leaving.set(id, [...out, incoming]);
    units.set(id, unit);
  }
  return [...units.values()];
}
