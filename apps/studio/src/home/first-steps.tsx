/** For an organization that is new: the three next steps, and which of them are done. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Overview } from '@millrace/schemas';
import { CheckCircle2, Circle } from 'lucide-react';
import { Link } from 'wouter';
import { api } from '../data/api.js';
import { Card } from '../ui/page.js';
import { many } from '../ui/units.js';
import classes from './home.module.css';

export function FirstSteps({ overview: { nodes, flows } }: { overview: Overview }) {
  const joined = nodes.total > 0;
  const deployed = flows.some(({ nodesDesired }) => nodesDesired > 0);
  const resources = useQuery({
    queryKey: ['catalogue', 'any'],
    queryFn: () => api().catalogue.list({ limit: 1 }),
    enabled: !deployed || !joined,
  });
  if (joined && deployed) return null;
  const uploaded = (resources.data?.items.length ?? 0) > 0;
  return (
    <Card title="Begin here">
      <ol className={classes.steps}>
        <Step
          done={joined}
          title="Join a node"
          says={
            joined
              ? `${many(nodes.total, 'node')} joined, ${nodes.online} online`
              : 'One line to paste on a machine near the sensors; it appears here by itself.'
          }
          to="/nodes/join"
        />
        <Step
          done={flows.length > 0}
          title="Draw a flow"
          says={
            flows.length > 0
              ? `${many(flows.length, 'flow')} drawn`
              : `From sensors to alerts${uploaded ? '' : ', with a model of yours if you have one'}.`
          }
          to="/flows?new"
          also={uploaded ? undefined : { to: '/catalogue?upload', word: 'Upload a model' }}
        />
        <Step
          done={deployed}
          title="Deploy it"
          says={
            deployed
              ? 'A flow is deployed'
              : 'To one node first, then to the rest; what fails goes back by itself.'
          }
          to="/deployments?new"
          waits={!joined || !flows.some(({ latestVersion }) => latestVersion !== null)}
        />
      </ol>
    </Card>
  );
}

interface StepProps {
  done: boolean;
  title: string;
  says: string;
  to: string;
  also?: { to: string; word: string };
  /** Something else must be done first. */
  waits?: boolean;
}

function Step({ done, title, says, to, also, waits = false }: StepProps) {
  return (
    <li data-done={done || undefined}>
      {done ? <CheckCircle2 size={20} aria-label="Done" /> : <Circle size={20} aria-label="To do" />}
      <div>
        <h3>{title}</h3>
        <p>{says}</p>
        {!done && (
          <Button component={Link} href={to} variant={waits ? 'default' : 'filled'}>
            {title}
          </Button>
        )}
        {!done && also && (
          <Button component={Link} href={also.to} variant="subtle">
            {also.word}
          </Button>
        )}
      </div>
    </li>
  );
}
