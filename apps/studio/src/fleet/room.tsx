/** The pages of the room. */
import { Route, Switch } from 'wouter';
import { NoSuchPage } from '../ui/page.js';
import { NodesPage } from './nodes-page.js';

export default function Room() {
  return (
    <Switch>
      <Route path="/nodes" component={NodesPage} />
      <Route component={NoSuchPage} />
    </Switch>
  );
}
