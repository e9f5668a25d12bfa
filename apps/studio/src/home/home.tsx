/** What matters now, each a way in. */
import { Page } from '../ui/page.js';

export function Home() {
  return <Page title="Home">{null}</Page>;
}
