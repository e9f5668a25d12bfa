/** Parts of the room that are loaded when they are first looked at. */
import type { FlowDocument, FlowModule, ProblemPlace } from '@millrace/schemas';
import { lazy, type ComponentType } from 'react';

const found = import.meta.glob<{ default: ComponentType<never> }>([
  './inspector/inspector.tsx',
  './versions/versions-page.tsx',
]);

function part<Props>(path: string) {
  const load = found[path] ?? (async () => ({ default: () => <p>Not there yet</p> }));
  return lazy(load as () => Promise<{ default: ComponentType<Props> }>);
}

interface InspectorProps {
  document: FlowDocument;
  module: string;
  problems: ProblemPlace[];
  onSettings(settings: Record<string, unknown>): void;
  onModule(change: Partial<Omit<FlowModule, 'from'>>): void;
  onRename(to: string): void;
  onRemove(): void;
}
export const Inspector = part<InspectorProps>('./inspector/inspector.tsx');

export const TestDrawer = lazy(() => import('./test/test-drawer.js'));

export const VersionsPage = part<{ name: string }>('./versions/versions-page.tsx');
