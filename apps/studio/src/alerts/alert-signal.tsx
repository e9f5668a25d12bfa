/** What the flow saw before and while the alert was raised: a chart a field, one time axis, the alert's band. */
import { Button, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Failure, type Alert } from '@millrace/schemas';
import { useState } from 'react';
import { api } from '../data/api.js';
import Chart from '../ui/chart.js';
import { Show } from '../ui/page.js';
import { many } from '../ui/units.js';
import { fieldsOf } from './shown-values.js';

const SHOWN = 3;
const CHART_PX = 130;

export default function AlertSignal({ alert }: { alert: Alert }) {
  const [all, setAll] = useState(false);
  const signal = useQuery({
    queryKey: ['alerts', 'signal', alert.id],
    queryFn: () => api().alerts.signal(alert.id),
  });
  if (signal.error instanceof Failure && signal.error.code === 'alerts.no-signal')
    return (
      <Text size="sm" c="dimmed">
        It came without one: the flow switched it off, its condition reads no number, or the agent is older
        than that.
      </Text>
    );
  return (
    <Show of={signal}>
      {(data) => {
        const fields = fieldsOf(data, alert.message);
        const shown = all ? fields : fields.slice(0, SHOWN);
        const band = { from: alert.t, to: alert.clearedT ?? data.t.at(-1), kind: 'alert' as const };
        return (
          <Stack gap="xs">
            <Text size="xs" c="dimmed">
              {many(data.t.length, 'point')}, thinned evenly. Shaded: from the raise
              {alert.clearedT === null ? ' on' : ' to the clear'}.
            </Text>
            {shown.map((name) => (
              <Chart
                key={name}
                label={name}
                t={data.t}
                series={[{ label: name, values: data.fields[name]!, hue: fields.indexOf(name) }]}
                bands={[band]}
                height={CHART_PX}
                sync={alert.id}
              />
            ))}
            {fields.length > SHOWN && (
              <Button variant="subtle" onClick={() => setAll(!all)} style={{ alignSelf: 'flex-start' }}>
                {all ? 'Show fewer' : `Show ${many(fields.length - SHOWN, 'more field', 'more fields')}`}
              </Button>
            )}
          </Stack>
        );
      }}
    </Show>
  );
}
