/** Why targets do not run it, as a histogram; each bar filters the table of targets. */
import { useQuery } from '@tanstack/react-query';
import { api } from '../../data/api.js';
import { Card, Show } from '../../ui/page.js';
import { reasonWord } from '../words.js';
import classes from './reasons.module.css';

interface ReasonsProps {
  id: string;
  filter: string;
  onFilter(filter: string): void;
}

export function Reasons({ id, filter, onFilter }: ReasonsProps) {
  const reasons = useQuery({
    queryKey: ['deployments', 'one', id, 'reasons'],
    queryFn: () => api().deployments.reasons(id),
  });
  return (
    <Card title="Reasons">
      <Show of={reasons} lines={2}>
        {({ items }) => {
          const most = Math.max(1, ...items.map(({ count }) => count));
          if (items.length === 0) return <p className={classes.none}>No node has a reason not to run it.</p>;
          return (
            <div className={classes.bars}>
              {items.map(({ code, count }) => {
                const own = `reason==${code}`;
                return (
                  <button
                    key={code}
                    type="button"
                    className={classes.bar}
                    aria-pressed={filter === own}
                    title="Show these targets"
                    onClick={() => onFilter(filter === own ? '' : own)}
                  >
                    <span className={classes.word}>{reasonWord(code)}</span>
                    <span className={classes.count}>{count}</span>
                    <span className={classes.track} aria-hidden>
                      <span
                        data-off={code === 'OFFLINE' || undefined}
                        style={{ width: `${(count / most) * 100}%` }}
                      />
                    </span>
                  </button>
                );
              })}
            </div>
          );
        }}
      </Show>
    </Card>
  );
}
