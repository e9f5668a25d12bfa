/** The pages of the room. */
import { lazy, Suspense } from 'react';
import { Route, Switch } from 'wouter';
import { Loading, NoSuchPage } from '../ui/page.js';
import { FlowsPage } from './flows-page.js';
import { VersionsPage } from './parts.js';

const EditorPage = lazy(() => import('./editor/editor-page.js'));

export default function Room() {
  return (
    <Suspense fallback={<Loading lines={6} />}>
      <Switch>
        <Route path="/flows" component={FlowsPage} />
        <Route path="/flows/:name">
          {({ name }) => <EditorPage key={name} name={decodeURIComponent(name)} />}
        </Route>
        <Route path="/flows/:name/versions">
          {({ name }) => <VersionsPage key={name} name={decodeURIComponent(name)} />}
        </Route>
        <Route component={NoSuchPage} />
      </Switch>
    </Suspense>
  );
}
