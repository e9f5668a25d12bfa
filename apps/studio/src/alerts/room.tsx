/** The pages of the room. */
import { Route, Switch } from 'wouter';
import { NoSuchPage } from '../ui/page.js';
import { AlertsPage } from './alerts-page.js';

export default function Room() {
  return (
    <Switch>
      <Route path="/alerts/:id?" component={AlertsPage} />
      <Route component={NoSuchPage} />
    </Switch>
  );
}
