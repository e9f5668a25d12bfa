/**
 * Is a flow valid: everything that can be known before it runs.
 *
 * Guarantee: an empty list means that the flow can be published; every problem names the module, the place
 * and the way out, and none shows a secret. It looks at every module even when others are wrong, and it
 * neither changes the document nor asks anything of the world but the contracts that it is given.
 */
import type { FlowDocument, ProblemPlace } from '@millrace/schemas';
import type { Catalogue, Contracts } from '../kind.js';
import type { ParameterLayer } from '../parameters.js';
import { pointerOf } from '../pointer.js';
import { FLOW_LIMITS } from '../text.js';
import { referenceProblems } from '../references.js';
import { columnProblems } from './columns.js';
import { settingProblems, type CheckedModule } from './settings.js';
import { asItIs, withValues } from './values.js';
import { wireProblems } from './wires.js';

export interface CheckOptions {
  /** Contracts of the resources that the flow names; without them no contract is checked. */
  contracts?: Contracts;
  /**
   * The values that the flow would run with. With them a parameter without a value is a problem; without
   * them it is only held to its type, since its value comes with the deployment.
   */
  layers?: readonly ParameterLayer[];
  /** True for a document that fillParameters gave: `${` in it is plain text. Its problems may show secrets. */
  filled?: boolean;
}

export function checkFlow(
  document: FlowDocument,
  catalogue: Catalogue,
  options: CheckOptions = {},
): ProblemPlace[] {
  const count = Object.keys(document.modules).length;
  if (count === 0)
    return [
      {
        code: 'flows.shape',
        pointer: '/modules',
        detail: 'The flow has no modules. Add a source and a sink.',
      },
    ];
  if (count > FLOW_LIMITS.modules)
    return [
      {
        code: 'flows.too-large',
        pointer: '/modules',
        detail: `A flow has at most ${FLOW_LIMITS.modules} modules, and this one has ${count}. Split it into several flows.`,
      },
    ];
  const parameters = options.filled === true ? asItIs(document) : withValues(document, options.layers);
  const settings = settingProblems(parameters.document, catalogue, parameters.guessed.pointers);
  return [
    ...parameters.problems,
    ...settings.problems,
    ...wireProblems(document, catalogue),
    ...referenceProblems(parameters.document),
    ...twoWriters(settings.modules),
    ...columnProblems(
      parameters.document,
      settings.modules,
      options.contracts ?? (() => undefined),
      parameters.guessed.modules,
    ),
  ];
}

function twoWriters(modules: ReadonlyMap<string, CheckedModule>): ProblemPlace[] {
  const writers = new Map<string, string>();
  const problems: ProblemPlace[] = [];
  for (const [id, { kind, settings }] of modules)
    for (const path of kind.writesFile?.(settings) ?? []) {
      const plain = plainPath(path);
      const other = writers.get(plain);
      if (other === undefined) writers.set(plain, id);
      else
        problems.push({
          code: 'flows.two-writers',
          module: id,
          pointer: pointerOf(['modules', id, 'settings']),
          detail: `${other} and ${id} both write ${path}. Give one of them another path, or wire both into one sink.`,
        });
    }
  return problems;
}

/** `./out//a.csv` and `out/b/../a.csv` are `out/a.csv`. */
function plainPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.replaceAll('\\', '/').split('/')) {
    if (part === '' && parts.length > 0) continue;
    if (part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}
