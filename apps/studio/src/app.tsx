/** The pages and their addresses; each room is loaded when it is first gone to. */
import { lazy, Suspense, useEffect, type ComponentType } from 'react';
import { Route, Switch } from 'wouter';
import { SignIn } from './access/sign-in.js';
import { followEvents } from './data/live.js';
import { useSession } from './data/session.js';
import { Home } from './home/home.js';
import { Frame } from './ui/frame.js';
import { Loading, NoSuchPage } from './ui/page.js';
import { Safe } from './ui/safe.js';

/** A room is one chunk; its default export has the room's own addresses. */
const rooms: readonly [path: string, room: ComponentType][] = [
  ['/flows', lazy(() => import('./flows/room.js'))],
  ['/catalogue', lazy(() => import('./catalogue/room.js'))],
  ['/nodes', lazy(() => import('./fleet/room.js'))],
  ['/deployments', lazy(() => import('./deployments/room.js'))],
  ['/alerts', lazy(() => import('./alerts/room.js'))],
  ['/settings', lazy(() => import('./access/room.js'))],
];

export function App() {
  const token = useSession()?.token;
  useEffect(() => {
    if (token === undefined) return undefined;
    const end = new AbortController();
    void followEvents(end.signal);
    return () => end.abort();
  }, [token]);
  if (token === undefined) return <SignIn />;
  return (
    <Frame>
      <Safe>
        <Suspense fallback={<Loading lines={6} />}>
          <Switch>
            <Route path="/" component={Home} />
            {rooms.map(([path, Room]) => (
              <Route key={path} path={`${path}/*?`} component={Room} />
            ))}
            <Route component={NoSuchPage} />
          </Switch>
        </Suspense>
      </Safe>
    </Frame>
  );
}
