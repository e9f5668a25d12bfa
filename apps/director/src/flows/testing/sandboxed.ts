/** A flow whose scripts run in a sandbox or not at all: the director is no place for whatever a flow brings. Pure. */
import { kinds } from '@millrace/modules/kinds';
import type { FlowDocument } from '@millrace/schemas';

export function sandboxed(document: FlowDocument): FlowDocument {
  const modules = Object.entries(document.modules).map(([id, module]) => [
    id,
    runsScripts(module.type) ? { ...module, settings: { ...module.settings, sandbox: 'required' } } : module,
  ]);
  return { ...document, modules: Object.fromEntries(modules) as FlowDocument['modules'] };
}

/** The kinds that start a process have a setting for its sandbox. */
function runsScripts(type: string): boolean {
  const shape = (kinds.get(type)?.settings as { shape?: object } | undefined)?.shape ?? {};
  return 'sandbox' in shape;
}
