/** All flows, with how each stands on the nodes. */
import { Page } from '../ui/page.js';

export function FlowsPage() {
  return <Page title="Flows">{null}</Page>;
}
