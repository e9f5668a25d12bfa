/** What a live page says first: whether it is live, what runs, how much comes in, and how little leaves. */
import { Button, Group, Text, Tooltip } from '@mantine/core';
import type { FlowReport, Node } from '@millrace/schemas';
import { Link } from 'wouter';
import { State, type Standing } from '../../ui/state.js';
import { bytes, duration, rate, short } from '../../ui/units.js';
import { useNow, When } from '../../ui/when.js';
import type { Frames } from '../watch/frames.js';
import type { LiveStatus } from './follow.js';
import classes from './live.module.css';

const LIVE: Readonly<Record<LiveStatus['is'], readonly [Standing, string]>> = {
  connecting: ['busy', 'Connecting'],
  open: ['good', 'Live'],
  waiting: ['off', 'Waiting'],
  ended: ['off', 'Ended'],
  reconnecting: ['look', 'Reconnecting'],
  refused: ['broken', 'Cannot be watched'],
};

export function LiveWord({ status: { is, since }, paused }: { status: LiveStatus; paused: boolean }) {
  const now = useNow();
  const [standing, word] = LIVE[is];
  if (paused)
    return (
      <State is="look" soft>
        Paused; the flow runs on
      </State>
    );
  return (
    <State is={standing} soft>
      {word}
      {is !== 'open' &&
        is !== 'connecting' &&
        ` for ${duration(Math.max(0, Math.floor((now - since) / 1_000) * 1_000))}`}
    </State>
  );
}

interface FiguresProps {
  node: Node;
  report: FlowReport | undefined;
  frames: Frames;
}

export function Figures({ node, report, frames }: FiguresProps) {
  return (
    <Group gap="lg" className={classes.figures}>
      <Figure label="Node">
        <Link href={`/nodes/${encodeURIComponent(node.id)}`} className={classes.node} title={node.name}>
          {node.name}
        </Link>
      </Figure>
      <Figure label="Runs">
        {report?.runningVersion ? (
          <>
            version {report.runningVersion}, started <When at={report.since} />
          </>
        ) : (
          'nothing of this flow'
        )}
      </Figure>
      <Figure label="In">{frames.rateIn === null ? '–' : `${rate(frames.rateIn)} records`}</Figure>
      <Leaving frames={frames} />
    </Group>
  );
}

/** Since the flow was started on the node. */
function Leaving({ frames: { bytesIn, bytesOut } }: { frames: Frames }) {
  if (bytesIn <= 0) return null;
  const exact = `${bytes(bytesIn)} came in and ${bytes(bytesOut)} left since the flow was started`;
  const times = bytesIn / Math.max(1, bytesOut);
  return (
    <Figure label="Out">
      <Tooltip label={exact}>
        <span tabIndex={0} aria-description={exact}>
          {bytesOut === 0
            ? `nothing of ${bytes(bytesIn)} left yet`
            : times >= 1.05
              ? `1/${short(times)} of the bytes leave this node`
              : `${short(1 / times)} times the bytes leave this node`}
        </span>
      </Tooltip>
    </Figure>
  );
}

function Figure({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <Text size="sm" component="div" className={classes.figure}>
      <span className={classes.label}>{label}</span> {children}
    </Text>
  );
}

/** Said over the canvas while nothing comes. */
export function Notice({ status, node, onRetry }: { status: LiveStatus; node: Node; onRetry(): void }) {
  if (status.is === 'open') return null;
  const offline = status.is === 'waiting' && node.status !== 'online';
  return (
    <div className={classes.notice} role="status">
      <State is={LIVE[status.is][0]}>
        {offline ? (
          <>
            {node.name} is {node.status}
            {node.seenAt !== null && (
              <>
                , last heard of <When at={node.seenAt} />
              </>
            )}
            . The view goes on by itself when it is back.
          </>
        ) : (
          sentence(status)
        )}
      </State>
      {status.is === 'refused' && (
        <Button variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

function sentence({ is, detail }: LiveStatus): string {
  const end = detail === '' || /[.!?]$/.test(detail) ? '' : '.';
  // The line is cut with words of its own, such as an address.
  if (is === 'reconnecting') return `The line is cut: ${detail}${end} It is tried again by itself.`;
  const said = `${detail.charAt(0).toUpperCase()}${detail.slice(1)}${end}`;
  if (is === 'connecting') return 'Asking the node for its first frame.';
  if (is === 'waiting') return `${said} The view goes on by itself.`;
  return said;
}
