/** What the machine says about itself. */
import type { Node } from '@millrace/schemas';
import { Card, Empty } from '../ui/page.js';
import { bytes, many } from '../ui/units.js';
import { When } from '../ui/when.js';
import classes from './node.module.css';

export function NodeFacts({ node }: { node: Node }) {
  const { facts, accepted } = node;
  if (facts === null)
    return <Empty title="It has said nothing about itself yet">Its agent tells with its first report.</Empty>;
  const runtimes = Object.entries(facts.runtimes);
  return (
    <Card>
      <dl className={classes.facts}>
        <dt>Host name</dt>
        <dd>{facts.hostname}</dd>
        <dt>Platform</dt>
        <dd>
          {facts.platform} {facts.arch}
        </dd>
        <dt>Processors</dt>
        <dd>{facts.cpus}</dd>
        <dt>Memory</dt>
        <dd>{bytes(facts.memoryBytes)}</dd>
        <dt>Free disk</dt>
        <dd>{facts.diskFreeBytes === undefined ? 'unknown' : bytes(facts.diskFreeBytes)}</dd>
        <dt>Agent</dt>
        <dd>{facts.agent}</dd>
        <dt>Runtimes</dt>
        <dd>{runtimes.map(([name, version]) => `${name} ${version}`).join(', ') || 'none'}</dd>
        {facts.sandbox !== undefined && (
          <>
            <dt>Sandbox</dt>
            <dd>{facts.sandbox}</dd>
          </>
        )}
        {facts.simulated === true && (
          <>
            <dt>Simulated</dt>
            <dd>yes: it speaks the protocol and runs nothing</dd>
          </>
        )}
        <dt>Holds</dt>
        <dd>{many(facts.blobs?.length ?? 0, 'file')} of the catalogue</dd>
        <dt>Desired state</dt>
        <dd>
          {accepted === null
            ? 'none accepted yet'
            : `number ${accepted.sequence} accepted, of key epoch ${accepted.epoch}`}
        </dd>
        <dt>Last report</dt>
        <dd>
          <When at={node.reportedAt} />
        </dd>
        <dt>Joined</dt>
        <dd>
          <When at={node.createdAt} />
        </dd>
        {node.revokedAt !== null && (
          <>
            <dt>Revoked</dt>
            <dd>
              <When at={node.revokedAt} />
            </dd>
          </>
        )}
      </dl>
    </Card>
  );
}
