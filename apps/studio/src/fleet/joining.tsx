/** The line to paste while its token lives, and the nodes that come in with it, as they come. */
import { Button, CopyButton, Group, Loader, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { JoinTokenCreated, Node } from '@millrace/schemas';
import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { api } from '../data/api.js';
import { Card } from '../ui/page.js';
import { State } from '../ui/state.js';
import { many } from '../ui/units.js';
import { useNow, When } from '../ui/when.js';
import { joinLine, left } from './join-line.js';
import classes from './join.module.css';
import { Quiet, StandsAs } from './parts.js';
import { standingOf } from './standing.js';

interface JoiningProps {
  token: JoinTokenCreated;
  onAnother(): void;
}

const SHOWN = 20;

export function Joining({ token, onAnother }: JoiningProps) {
  const [name, setName] = useState('');
  const lives = left(token.expiresAt, useNow());
  const joined = useJoined(token);
  const open = lives !== undefined && joined.length < token.uses;
  const line = joinLine(location.origin, token.token, name.trim());
  return (
    <>
      <Card
        title="2. Paste this line into a terminal of the machine"
        actions={
          <span role="timer" aria-label="Life of the token">
            {joined.length >= token.uses ? (
              <State is="good">All joined</State>
            ) : lives !== undefined ? (
              <State is="busy">Token ends in {lives}</State>
            ) : (
              <State is="off">Token has ended</State>
            )}
          </span>
        }
      >
        <Stack gap="sm" align="flex-start">
          <div className={classes.line}>
            <code
              className={classes.code}
              tabIndex={0}
              role="textbox"
              aria-readonly
              aria-label="Line to paste"
            >
              {line}
            </code>
            <CopyButton value={line} timeout={2_000}>
              {({ copied, copy }) => (
                <Button
                  onClick={copy}
                  leftSection={copied ? <Check size={14} /> : <Copy size={14} />}
                  disabled={!open}
                >
                  {copied ? 'Copied' : 'Copy'}
                </Button>
              )}
            </CopyButton>
          </div>
          <Text size="sm" c="dimmed" maw={720}>
            It needs Node.js 20.19 or newer and a way to this address over HTTP. The node keeps its identity
            in the folder .millrace-agent, makes its own key there, and the private half never leaves it. The
            token is not shown again.
          </Text>
          {token.uses === 1 && (
            <TextInput
              label="Name of the node"
              placeholder="its host name"
              value={name}
              maxLength={128}
              w={280}
              onChange={(event) => setName(event.currentTarget.value)}
            />
          )}
        </Stack>
      </Card>
      <Card
        title="3. See it appear"
        actions={token.uses > 1 && <Quiet>{`${joined.length} of ${many(token.uses, 'node')} joined`}</Quiet>}
      >
        <Stack gap="xs" aria-live="polite">
          {joined.map((node) => (
            <div key={node.id} className={classes.joined}>
              <Link href={`/nodes/${encodeURIComponent(node.id)}`}>{node.name}</Link>
              {node.seenAt === null ? (
                <State is="busy">Joined; its agent has not started yet</State>
              ) : (
                <StandsAs as={standingOf(node)} />
              )}
              <Quiet>
                joined <When at={node.createdAt} />
              </Quiet>
            </div>
          ))}
          {open && (
            <Group gap="xs">
              <Loader size={14} aria-hidden />
              <Text size="sm" c="dimmed">
                {joined.length === 0
                  ? 'Waiting for the first one. This page tells by itself.'
                  : 'Waiting for more.'}
              </Text>
            </Group>
          )}
          {!open && joined.length === 0 && (
            <Text size="sm">The token ended before a machine came in. Make another one.</Text>
          )}
          <Group>
            <Button variant="default" onClick={onAnother}>
              Make another token
            </Button>
          </Group>
        </Stack>
      </Card>
    </>
  );
}

/** The nodes that came in since the token was made, and begin as it says; live events read them again. */
function useJoined(token: JoinTokenCreated): Node[] {
  const newest = useQuery({
    queryKey: ['fleet', 'joined', token.id],
    queryFn: () => api().fleet.nodes({ limit: SHOWN }),
  });
  return (newest.data?.items ?? []).filter(
    (node) =>
      node.createdAt >= token.createdAt &&
      Object.entries(token.labels).every(([label, value]) => node.labels[label] === value) &&
      (token.group === null || node.groups.includes(token.group)),
  );
}
