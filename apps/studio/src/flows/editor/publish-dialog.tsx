/** The draft becomes a version: with a note, and with what to do when it cannot. */
import { Alert, Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { Failure, type FlowVersion } from '@millrace/schemas';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { useActors } from '../../data/actors.js';
import { api } from '../../data/api.js';
import { useLive } from '../../data/live.js';
import { WentWrong } from '../../ui/page.js';
import { State } from '../../ui/state.js';
import { When } from '../../ui/when.js';
import type { Draft } from './draft.js';

interface PublishDialogProps {
  flow: string;
  draft: Draft;
  onClose(): void;
  /** What is wrong with it is shown. */
  onProblems(): void;
}

interface Outcome {
  version: FlowVersion;
  /** False: the newest version was the same already. */
  made: boolean;
}

export default function PublishDialog({ flow, draft, onClose, onProblems }: PublishDialogProps) {
  const actor = useActors();
  const queries = useQueryClient();
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const [outcome, setOutcome] = useState<Outcome>();
  const [other, setOther] = useState<number>();
  const latest = useQuery({
    queryKey: ['flows', 'versions', flow, 'latest'],
    queryFn: async () => (await api().flows.versions(flow, { limit: 1 })).items[0] ?? null,
  }).data;
  useLive('flow.published', ({ subject, data }) => {
    const { version } = (data ?? {}) as { version?: number };
    if (subject === flow && version !== undefined && !busy && outcome === undefined) setOther(version);
  });

  const publish = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await draft.settled();
      const { value, status } = await api().flows.publish(flow, note.trim() || undefined);
      setOutcome({ version: value, made: status === 201 });
      void queries.invalidateQueries({ queryKey: ['flows'] });
    } catch (thrown) {
      setError(thrown as Error);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Modal
      opened
      onClose={onClose}
      title={`Publish ${flow}`}
      centered
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {outcome === undefined ? (
        <Stack>
          <Text size="sm">
            The draft becomes version {(latest?.version ?? 0) + 1}: it cannot be changed any more, and every
            model and file that it names is locked to what it is now.
            {latest && (
              <>
                {' '}
                Version {latest.version} was published by {actor(latest.publishedBy)}{' '}
                <When at={latest.publishedAt} />.
              </>
            )}
          </Text>
          {other !== undefined && (
            <Alert color="yellow" role="status">
              Somebody published version {other} just now. What you publish comes after it, with their saved
              changes in it.
            </Alert>
          )}
          <Textarea
            data-autofocus
            label="Note"
            description="What changed, for whoever deploys it."
            autosize
            minRows={2}
            maxRows={8}
            maxLength={10_000}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          {error && <WentWrong error={error} />}
          {error && <Text size="sm">{wayOut(error)}</Text>}
          <Group justify="flex-end">
            {error instanceof Failure && error.code === 'flows.invalid' && (
              <Button variant="default" onClick={onProblems}>
                Show the problems
              </Button>
            )}
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button loading={busy} onClick={() => void publish()}>
              Publish
            </Button>
          </Group>
        </Stack>
      ) : (
        <Stack>
          <State is="good">
            {outcome.made
              ? `Version ${outcome.version.version} is published`
              : `Version ${outcome.version.version} has exactly this already: no new one was needed`}
          </State>
          {!outcome.made && (
            <Text size="sm">
              It was published by {actor(outcome.version.publishedBy)}{' '}
              <When at={outcome.version.publishedAt} />
              {outcome.version.note ? `: ${outcome.version.note}` : '.'}
            </Text>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Go on editing
            </Button>
            <Button component={Link} variant="default" href={`/flows/${encodeURIComponent(flow)}/versions`}>
              Versions
            </Button>
            <Button
              component={Link}
              href={`/deployments?new&flow=${encodeURIComponent(flow)}&version=${outcome.version.version}`}
              data-autofocus
            >
              Deploy version {outcome.version.version}
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

function wayOut(error: Error): string | undefined {
  if (!(error instanceof Failure)) return undefined;
  const { status } = error.row;
  if (error.code === 'flows.invalid')
    return 'Mend these in the editor, then publish again. The draft is saved.';
  if (status === 409 || status === 412)
    return 'Somebody was faster. Close this, look at what they changed, and publish again.';
  if (error.row.kind === 'outage')
    return 'Nothing was published. Try again when the director answers; what you drew is kept.';
  return undefined;
}
