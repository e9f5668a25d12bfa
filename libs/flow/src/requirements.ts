/**
 * Requirements that stand right in a flow: a module for a quick start names packages, and what is published names the
 * runtime that they were locked to.
 *
 * Guarantee: all but the two settings stays as it is written. Which runtime a set of requirements means is told by
 * the caller.
 */
import type { FlowDocument } from '@millrace/schemas';

export interface PlacedRequirements {
  module: string;
  pointer: string;
  requirements: string[];
}

export function flowRequirements(document: Pick<FlowDocument, 'modules'>): PlacedRequirements[] {
  return Object.entries(document.modules).flatMap(([module, { type, settings }]) => {
    const requirements = type === 'model.python' ? settings?.requirements : undefined;
    if (!Array.isArray(requirements) || requirements.length === 0) return [];
    const texts = requirements.filter((one) => typeof one === 'string');
    return [{ module, pointer: `/modules/${module}/settings/requirements`, requirements: texts }];
  });
}

/** Those that `runtimeOf` knows no runtime for are left as they are. */
export function withRuntimes(
  document: FlowDocument,
  runtimeOf: (placed: PlacedRequirements) => string | undefined,
): FlowDocument {
  const modules = { ...document.modules };
  for (const placed of flowRequirements(document)) {
    const runtime = runtimeOf(placed);
    const { requirements: _locked, ...settings } = modules[placed.module]!.settings ?? {};
    if (runtime !== undefined)
      modules[placed.module] = { ...modules[placed.module]!, settings: { ...settings, runtime } };
  }
  return { ...document, modules };
}
