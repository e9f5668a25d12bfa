/** The pages of the room: all deployments, one of them, and the sheet that begins one. */
import { Route, Switch } from 'wouter';
import { NoSuchPage } from '../ui/page.js';
import { DeploymentPage } from './watch/deployment-page.js';
import { DeploymentsPage } from './deployments-page.js';
import { PromotionPage } from './promotions/promotion-page.js';

export default function Room() {
  return (
    <Switch>
      <Route path="/deployments" component={DeploymentsPage} />
      <Route path="/deployments/promotions/:id">{({ id }) => <PromotionPage key={id} id={id} />}</Route>
      <Route path="/deployments/:id">{({ id }) => <DeploymentPage key={id} id={id} />}</Route>
      <Route component={NoSuchPage} />
    </Switch>
  );
}
