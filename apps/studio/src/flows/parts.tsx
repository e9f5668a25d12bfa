/** Parts of the room that are loaded when they are first looked at. */
import { lazy } from 'react';

export const Inspector = lazy(() => import('./inspector/inspector.js'));

export const FlowInspector = lazy(() => import('./inspector/flow-inspector.js'));

export const TestDrawer = lazy(() => import('./test/test-drawer.js'));

export const VersionsPage = lazy(() => import('./versions/versions-page.js'));
