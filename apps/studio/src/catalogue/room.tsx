/** The catalogue: all resources, and one with its versions and aliases. */
import { Route, Switch } from 'wouter';
import { NoSuchPage } from '../ui/page.js';
import { CataloguePage } from './catalogue-page.js';
import { ResourcePage } from './resource-page.js';

export default function Catalogue() {
  return (
    <Switch>
      <Route path="/catalogue" component={CataloguePage} />
      <Route path="/catalogue/:name">
        {({ name }) => <ResourcePage key={name} name={decodeURIComponent(name)} />}
      </Route>
      <Route component={NoSuchPage} />
    </Switch>
  );
}
