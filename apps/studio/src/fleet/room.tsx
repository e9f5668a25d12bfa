/** The pages of the room. */
import { lazy, Suspense } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { Loading, NoSuchPage } from '../ui/page.js';
import { GroupPage } from './group-page.js';
import { GroupsPage } from './groups-page.js';
import { JoinPage } from './join-page.js';
import { NodePage } from './node-page.js';
import { NodesPage } from './nodes-page.js';

const LivePage = lazy(() => import('../flows/live/live-page.js'));

export default function Room() {
  return (
    <Switch>
      <Route path="/nodes" component={NodesPage} />
      <Route path="/nodes/join" component={JoinPage} />
      <Route path="/nodes/groups" component={GroupsPage} />
      <Route path="/nodes/groups/:id">{({ id }) => <GroupPage key={id} id={id} />}</Route>
      <Route path="/nodes/:id">{({ id }) => <NodePage key={id} id={id} />}</Route>
      <Route path="/nodes/:id/flows">
        {({ id }) => <Redirect to={`/nodes/${encodeURIComponent(id)}?tab=flows`} replace />}
      </Route>
      <Route path="/nodes/:id/flows/:flow">
        {({ id, flow }) => (
          <Suspense fallback={<Loading lines={8} />}>
            <LivePage key={`${id}/${flow}`} node={id} flow={flow} />
          </Suspense>
        )}
      </Route>
      <Route component={NoSuchPage} />
    </Switch>
  );
}
