/** Problems of a module at the fields that they speak of. Pure. */
import { pathOf, pointerOf } from '@millrace/flow';
import type { ProblemPlace } from '@millrace/schemas';
import type { Path } from './settings.js';

/** Whole pointers, as problems carry them. */
export const settingPointer = (module: string, path: Path): string =>
  pointerOf(['modules', module, 'settings', ...path]);

/** Those of exactly this place, the same sentence once. */
export function problemsAt(problems: readonly ProblemPlace[], pointer: string): string[] {
  return [...new Set(problems.filter((one) => one.pointer === pointer).map(({ detail }) => detail))];
}

/** Those of this place and of all below it. */
export const countBelow = (problems: readonly ProblemPlace[], pointer: string): number =>
  problems.filter((one) => one.pointer === pointer || one.pointer?.startsWith(`${pointer}/`)).length;

/** Those below a place that has no fields of its own for its parts: `entry 3: ...`. */
export function problemsInside(problems: readonly ProblemPlace[], pointer: string): string[] {
  return problems.flatMap(({ pointer: at, detail }) => {
    if (at === undefined || !at.startsWith(`${pointer}/`)) return [];
    const [first] = pathOf(at.slice(pointer.length));
    return [/^\d+$/.test(first ?? '') ? `Entry ${Number(first) + 1}: ${detail}` : detail];
  });
}

/** Those that no field of the form shows. `known` are the top settings of the form. */
export function unplaced(
  problems: readonly ProblemPlace[],
  module: string,
  known: readonly string[],
): ProblemPlace[] {
  const begins = [
    ...known.map((key) => settingPointer(module, [key])),
    ...OWN.map((key) => pointerOf(['modules', module, key])),
  ];
  return problems.filter(
    ({ pointer }) => !begins.some((begin) => pointer === begin || pointer?.startsWith(`${begin}/`) === true),
  );
}

/** Shown in sections of their own. */
const OWN = ['onError', 'queue'];
