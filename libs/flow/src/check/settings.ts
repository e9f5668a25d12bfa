/**
 * Are the modules known, and are their settings what their kinds ask for.
 *
 * `settings` holds what passed, parsed: what is checked further is checked on that.
 */
import { MODULE_ID, type FlowDocument, type ProblemPlace } from '@millrace/schemas';
import type { Catalogue, ModuleKind } from '../kind.js';
import { didYouMean } from '../nearest.js';
import { pointerOf } from '../pointer.js';
import { findingsOf, placed, unknownNames, type Finding } from '../sentences.js';

/** A module whose settings passed. */
export interface CheckedModule {
  kind: ModuleKind;
  settings: Record<string, unknown>;
}

const CODES = {
  unknown: 'flows.setting-unknown',
  missing: 'flows.setting-missing',
  type: 'flows.setting-invalid',
  value: 'flows.setting-invalid',
} as const;

/** `guessed` are pointers of settings whose parameter has no value yet: only their type is checked. */
export function settingProblems(
  document: FlowDocument,
  catalogue: Catalogue,
  guessed: ReadonlySet<string>,
): { problems: ProblemPlace[]; modules: Map<string, CheckedModule> } {
  const problems: ProblemPlace[] = [];
  const modules = new Map<string, CheckedModule>();
  for (const [id, module] of Object.entries(document.modules)) {
    if (!MODULE_ID.test(id) || id.length > 128)
      problems.push({
        code: 'flows.module-id',
        module: id,
        pointer: pointerOf(['modules', id]),
        detail: `"${id.slice(0, 128)}" is no id of a module: letters, digits and underscores, a small letter first, at most 128.`,
      });
    const kind = catalogue.get(module.type);
    if (kind === undefined) {
      problems.push({
        code: 'flows.type-unknown',
        module: id,
        pointer: pointerOf(['modules', id, 'type']),
        detail:
          `There is no module type "${module.type}".` +
          (typeGuess(module.type, catalogue) || ' See the list of modules.'),
      });
      continue;
    }
    const { settings, findings } = parseSettings(kind, module.settings ?? {});
    const told = findings.filter(
      (finding) =>
        finding.kind !== 'value' || !guessed.has(pointerOf(['modules', id, 'settings', ...finding.path])),
    );
    problems.push(
      ...told.map((finding) => ({
        code: CODES[finding.kind],
        module: id,
        ...placed(finding, ['modules', id, 'settings']),
      })),
    );
    if (settings !== undefined) modules.set(id, { kind, settings });
  }
  return { problems, modules };
}

/** The settings as the kind reads them, with its defaults; or what is wrong with them. */
export function parseSettings<K extends ModuleKind>(
  kind: K,
  settings: unknown,
): { settings?: Record<string, unknown>; findings: Finding[] } {
  const parsed = kind.settings.safeParse(settings);
  const whole = `The settings of ${kind.type}`;
  if (!parsed.success) return { findings: findingsOf(kind.settings, settings, parsed.error.issues, whole) };
  const findings = unknownNames(kind.settings, settings, whole);
  return findings.length > 0 ? { findings } : { settings: parsed.data, findings };
}

/** The nearest type, or a type of the same name in another category: `filter.range` is `clean.range`. */
function typeGuess(type: string, catalogue: Catalogue): string {
  const name = type.split('.').at(-1);
  const same = [...catalogue.keys()].find((known) => known.split('.')[1] === name);
  return didYouMean(type, catalogue.keys()) || (same === undefined ? '' : ` Did you mean "${same}"?`);
}
