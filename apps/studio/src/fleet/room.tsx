/** The pages of the room. */
import { lazy } from 'react';
import { Route, Switch } from 'wouter';
import { NoSuchPage } from '../ui/page.js';
import { GroupPage } from './group-page.js';
import { GroupsPage } from './groups-page.js';
import { JoinPage } from './join-page.js';
import { NodePage } from './node-page.js';
import { NodesPage } from './nodes-page.js';

/** The canvas and its charts, loaded when somebody looks. */
const LivePage = lazy(() => import('../flows/live/live-page.js'));

export default function Room() {
  return (
    <Switch>
      <Route path="/nodes" component={NodesPage} />
      <Route path="/nodes/join" component={JoinPage} />
      <Route path="/nodes/groups" component={GroupsPage} />
      <Route path="/nodes/groups/:id" component={GroupPage} />
      <Route path="/nodes/:id/flows/:flow">{({ id, flow }) => <LivePage node={id} flow={flow} />}</Route>
      <Route path="/nodes/:id" component={NodePage} />
      <Route component={NoSuchPage} />
    </Switch>
  );
}
