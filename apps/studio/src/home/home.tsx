/** What matters now, each a way in. It is in the first chunk: nothing heavy belongs here. */
import { useQuery } from '@tanstack/react-query';
import { api } from '../data/api.js';
import { Page, Show } from '../ui/page.js';
import { FirstSteps } from './first-steps.js';
import { FlowTable } from './flow-table.js';
import { Happened } from './happened-list.js';
import classes from './home.module.css';
import { Tiles } from './tiles.js';

export function Home() {
  const overview = useQuery({ queryKey: ['overview'], queryFn: () => api().overview.get() });
  return (
    <Page title="Home">
      <Show of={overview} lines={8}>
        {(data) => (
          <div className={classes.home}>
            <FirstSteps overview={data} />
            <Tiles overview={data} />
            <div className={classes.columns}>
              <Happened />
              <FlowTable flows={data.flows} />
            </div>
          </div>
        )}
      </Show>
    </Page>
  );
}
