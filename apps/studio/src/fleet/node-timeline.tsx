/** What a node has said about itself, newest first; only what changed from one report to the next. */
import { Button, Center } from '@mantine/core';
import { api } from '../data/api.js';
import { usePages } from '../data/pages.js';
import { Card, Empty, Loading, WentWrong } from '../ui/page.js';
import { State } from '../ui/state.js';
import { When } from '../ui/when.js';
import { happened } from './history.js';
import classes from './node.module.css';

const READ = 50;

export function NodeTimeline({ id }: { id: string }) {
  const pages = usePages(['fleet', 'history', id], (cursor) =>
    api().fleet.nodeHistory(id, { cursor, limit: READ }),
  );
  const { items } = pages;
  if (pages.loading) return <Loading />;
  if (pages.error && items.length === 0) return <WentWrong error={pages.error} retry={pages.retry} />;
  if (items.length === 0)
    return <Empty title="It has not reported yet">What it starts, replaces and gives up is told here.</Empty>;
  const told = items.flatMap((entry, index) => {
    const before = items[index + 1];
    // The one before the last that was read is not known yet.
    if (before === undefined && pages.more) return [];
    const its = happened(entry, before);
    return its.length === 0 ? [] : [{ entry, its }];
  });
  return (
    <Card>
      <ol className={classes.timeline} aria-label="Timeline">
        {told.map(({ entry, its }) => (
          <li key={entry.seq}>
            <span className={classes.meta}>
              <When at={entry.at} />
            </span>
            <div>
              {its.map(({ is, flow, says, detail }) => (
                <div key={`${flow ?? ''}${says}`}>
                  <State is={is}>
                    <span style={{ whiteSpace: 'normal' }}>
                      {flow !== undefined && <strong>{flow} </strong>}
                      {says}
                    </span>
                  </State>
                  {detail !== undefined && <div className={classes.meta}>{detail}</div>}
                </div>
              ))}
            </div>
          </li>
        ))}
      </ol>
      {pages.more && (
        <Center>
          <Button variant="default" onClick={pages.readMore}>
            Show older
          </Button>
        </Center>
      )}
    </Card>
  );
}
