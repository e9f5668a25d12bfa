/** Parts of the room that are loaded when they are first looked at. */
import type { FlowDocument, FlowModule, ProblemPlace } from '@millrace/schemas';
import { lazy, type ComponentType } from 'react';
import type { Frames } from './watch/frames.js';

const found = import.meta.glob<{ default: ComponentType<never> }>([
  './inspector/inspector.tsx',
  './test/test-drawer.tsx',
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

interface TestDrawerProps {
  flow: string;
  document: FlowDocument;
  text: string;
  onFrames?(frames: Frames | undefined): void;
}
export const TestDrawer = part<TestDrawerProps>('./test/test-drawer.tsx');

export const VersionsPage = part<{ name: string }>('./versions/versions-page.tsx');
