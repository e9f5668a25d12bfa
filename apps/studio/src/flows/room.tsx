/** The pages of the room. */
import { Page } from '../ui/page.js';

export default function Room() {
  return <Page title="Flows">{null}</Page>;
}
