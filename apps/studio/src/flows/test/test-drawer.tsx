/**
 * Try it: the draft as it is on the screen runs on files or as it is set, in a process of the director.
 *
 * Guarantee: leaving it, or Stop, ends the run. What was chosen is kept for this flow while the tab lives; values
 * of parameters are not, since they may be secret.
 */
import { Button, Group, NumberInput, SegmentedControl, Stack, Text, Tooltip } from '@mantine/core';
import { useSessionStorage } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { FlowDocument } from '@millrace/schemas';
import { Play, Square } from 'lucide-react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { api } from '../../data/api.js';
import { useMay } from '../../data/me.js';
import { Empty, Show } from '../../ui/page.js';
import type { Frames } from '../watch/frames.js';
import { useFrames } from '../watch/use-frames.js';
import {
  requestOf,
  sourcesOf,
  wanting,
  type ParameterValues,
  type TestChoice,
  type TestSource,
} from './inputs.js';
import { ParametersForm } from './parameters-form.js';
import { testRun, type TestRun } from './run.js';
import { SourceInput } from './source-input.js';
import { TestOutcome } from './test-outcome.js';
import classes from './test.module.css';

interface TestDrawerProps {
  flow: string;
  document: FlowDocument;
  /** As it is on the screen, saved or not. */
  text: string;
  /** What the run shows, at most four times a second. */
  onWatch?(frames: Frames): void;
  /** Leads to a module on the canvas. */
  onSelect?(module: string): void;
}

type Kept = Omit<TestChoice, 'parameters'>;

const SECONDS = 60;
const MOST_SECONDS = 300;
const RECENT = 20;
const SPEEDS = [
  { value: 'full', label: 'as fast as it goes' },
  { value: '1', label: '1x' },
  { value: '10', label: '10x' },
  { value: '100', label: '100x' },
];

export default function TestDrawer({ flow, document, text, onWatch, onSelect }: TestDrawerProps) {
  const [run, setRun] = useState<TestRun>();
  useEffect(() => () => run?.stop(), [run]);
  const frames = useFrames(run?.watch);
  useEffect(() => {
    if (frames) onWatch?.(frames);
  }, [frames, onWatch]);
  const view = useSyncExternalStore(run?.subscribe ?? never, () => run?.now());
  const sources = sourcesOf(document);
  if (sources.length === 0) {
    return (
      <Empty title="Nothing to try yet">
        A flow needs a source. Drag one of the palette onto the canvas, then come back.
      </Empty>
    );
  }
  return (
    <div className={classes.frame}>
      <div className={classes.drawer}>
        <SetUp
          flow={flow}
          document={document}
          sources={sources}
          running={view !== undefined && view.state !== 'ended'}
          onRun={(choice) =>
            setRun(
              testRun(
                (request, options) => api().flows.testRun(flow, request, options),
                requestOf(text, sources, choice),
                document,
              ),
            )
          }
          onStop={() => run?.stop()}
          onSelect={onSelect}
        />
        {view && frames ? (
          <TestOutcome view={view} frames={frames} onSelect={onSelect} />
        ) : (
          <Text c="dimmed" size="sm" className={classes.outcome}>
            Run the draft to see records, values and alerts here and on the canvas. Nothing leaves a test run:
            alerts and results are shown and not sent.
          </Text>
        )}
      </div>
    </div>
  );
}

const never = () => () => undefined;

interface SetUpProps {
  flow: string;
  document: FlowDocument;
  sources: readonly TestSource[];
  running: boolean;
  onRun(choice: TestChoice): void;
  onStop(): void;
  onSelect?(module: string): void;
}

function SetUp({ flow, document, sources, running, onRun, onStop, onSelect }: SetUpProps) {
  const may = useMay('flows.write');
  const asked = useQueryClient();
  const sent = useQuery({
    queryKey: ['flows', 'test-files'],
    queryFn: () => api().flows.testFiles({ limit: RECENT }),
  });
  const [kept, setKept] = useSessionStorage<Kept>({
    key: `millrace.test.${flow}`,
    defaultValue: { files: {}, speed: undefined, seconds: SECONDS },
    getInitialValueInEffect: false,
  });
  const [parameters, setParameters] = useState<ParameterValues>({});
  const change = (some: Partial<Kept>) => setKept((before) => ({ ...before, ...some }));
  const missing = wanting(sources, kept.files);
  const why = !may
    ? 'Your role may look at flows and not change or run them.'
    : missing.length > 0
      ? `Choose a file for ${missing.map(({ id }) => id).join(', ')}.`
      : undefined;
  const hasParameters = Object.keys(document.parameters ?? {}).length > 0;
  return (
    <Stack gap="sm" className={classes.setUp}>
      <Group gap="xs">
        {running ? (
          <Button color="red" variant="light" leftSection={<Square size={14} />} onClick={onStop}>
            Stop
          </Button>
        ) : (
          <Tooltip label={why} disabled={why === undefined}>
            <Button
              leftSection={<Play size={14} />}
              data-disabled={why !== undefined || undefined}
              aria-disabled={why !== undefined}
              aria-description={why}
              onClick={() => why === undefined && onRun({ ...kept, parameters })}
            >
              Run
            </Button>
          </Tooltip>
        )}
        <SegmentedControl
          aria-label="Speed of files"
          data={SPEEDS}
          value={kept.speed === undefined ? 'full' : String(kept.speed)}
          onChange={(to) => change({ speed: to === 'full' ? undefined : Number(to) })}
        />
        <NumberInput
          aria-label="Ends after, in seconds"
          title="The run ends after so many seconds"
          prefix="ends after "
          suffix=" s"
          min={1}
          max={MOST_SECONDS}
          clampBehavior="blur"
          allowDecimal={false}
          value={kept.seconds}
          onChange={(to) => change({ seconds: Math.min(MOST_SECONDS, Math.max(1, Number(to) || SECONDS)) })}
          w={140}
        />
      </Group>
      <Show of={sent} lines={sources.length}>
        {({ items, mostBytes }) =>
          sources.map((source) => (
            <SourceInput
              key={source.id}
              source={source}
              choice={kept.files[source.id]}
              recent={items}
              mostBytes={mostBytes}
              onSelect={onSelect}
              onChoose={(choice) => {
                // Two files may be on their way at once.
                setKept((before) => {
                  const { [source.id]: _, ...others } = before.files;
                  return { ...before, files: choice ? { ...others, [source.id]: choice } : others };
                });
                void asked.invalidateQueries({ queryKey: ['flows', 'test-files'] });
              }}
            />
          ))
        }
      </Show>
      {hasParameters && (
        <details className={classes.parameters}>
          <summary>Parameters</summary>
          <ParametersForm parameters={document.parameters!} values={parameters} onChange={setParameters} />
        </details>
      )}
    </Stack>
  );
}
