/** Desired and running side by side, the difference as one sentence, and what to do about it. */
import { useQuery } from '@tanstack/react-query';
import type { FlowWhy, Node, Reason } from '@millrace/schemas';
import { Link } from 'wouter';
import { api } from '../data/api.js';
import { Ident } from '../ui/ident.js';
import { Card, Show } from '../ui/page.js';
import { State } from '../ui/state.js';
import { When } from '../ui/when.js';
import classes from './node.module.css';
import { Quiet } from './parts.js';
import { WAYS_OUT } from './reasons.js';

export function NodeWhyCard({ node }: { node: Node }) {
  const why = useQuery({ queryKey: ['fleet', 'why', node.id], queryFn: () => api().fleet.why(node.id) });
  return (
    <Card title="Desired and running">
      <Show of={why}>
        {({ flows, reasons, waiting }) => (
          <>
            {flows.length === 0 && (
              <Quiet>
                Nothing is desired of it, and it runs nothing.
                {waiting.length === 0 && ' Deploy a flow to a group that it is in, and it comes here.'}
              </Quiet>
            )}
            {flows.length > 0 && <Flows flows={flows} />}
            {reasons.map((reason) => (
              <Because key={reason.code} reason={reason} />
            ))}
            {flows.map(
              ({ flow, reason, same }) =>
                reason !== null &&
                !same &&
                !reasons.some(({ code }) => code === reason.code) && (
                  <Because key={flow} reason={reason} flow={flow} />
                ),
            )}
            {waiting.map(({ deployment, flow, version, says }) => (
              <div key={deployment} className={classes.why} data-quiet>
                <p>
                  Waits for{' '}
                  <Link href={`/deployments/${encodeURIComponent(deployment)}`}>
                    {flow} version {version}
                  </Link>
                  : {says}
                </p>
              </div>
            ))}
          </>
        )}
      </Show>
    </Card>
  );
}

function Flows({ flows }: { flows: readonly FlowWhy[] }) {
  return (
    <table className={classes.flows}>
      <thead>
        <tr>
          <th scope="col">Flow</th>
          <th scope="col">Desired</th>
          <th scope="col">Running</th>
          <th scope="col">Difference</th>
        </tr>
      </thead>
      <tbody>
        {flows.map((one) => (
          <tr key={one.flow}>
            <td>
              <Link href={`/flows/${encodeURIComponent(one.flow)}`}>{one.flow}</Link>
            </td>
            <td>
              <Version version={one.desiredVersion} digest={one.desiredDigest} none="not here" />
            </td>
            <td>
              <Version version={one.runningVersion} digest={one.runningDigest} none="nothing" />
            </td>
            <td className={classes.says}>
              {one.same ? (
                <State is="good">None: {one.says}</State>
              ) : (
                <State is={one.reason === null ? 'busy' : 'look'}>
                  <span style={{ whiteSpace: 'normal' }}>{one.says}</span>
                </State>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Version({ version, digest, none }: { version: number | null; digest: string | null; none: string }) {
  if (version === null && digest === null) return <Quiet>{none}</Quiet>;
  return (
    <span className={classes.version}>
      <span>{version === null ? 'unknown version' : `version ${version}`}</span>
      {digest !== null && <Ident id={digest} label="digest" />}
    </span>
  );
}

function Because({ reason, flow }: { reason: Reason; flow?: string }) {
  const { code, detail, until, evidence } = reason;
  return (
    <div className={classes.why} data-quiet={code === 'OFFLINE' || code === 'SUPERSEDED' || undefined}>
      <p>
        <span className={classes.code}>{code}</span>
        {flow !== undefined && ` ${flow}`}: {detail}
        {until !== undefined && (
          <>
            ; tries again <When at={until} />
          </>
        )}
      </p>
      <p>{WAYS_OUT[code]}</p>
      {evidence !== undefined && Object.keys(evidence).length > 0 && (
        <details>
          <summary>Evidence</summary>
          <pre className={classes.evidence} tabIndex={0}>
            {evidenceOf(evidence)}
          </pre>
        </details>
      )}
    </div>
  );
}

/** What a process wrote is shown as it wrote it, the rest as a line each. */
function evidenceOf(evidence: Record<string, unknown>): string {
  return Object.entries(evidence)
    .map(([name, value]) =>
      typeof value === 'string' && value.includes('\n')
        ? `${name}:\n${value}`
        : `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
    .join('\n');
}
