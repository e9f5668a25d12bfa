/** What one source of the draft reads in a test run: itself as it is, or a file that is dropped, picked or was sent before. */
import { ActionIcon, Button, FileButton, Group, Menu, Progress, Select, Text } from '@mantine/core';
import type { TestFile } from '@millrace/schemas';
import { ChevronDown, FileText, X } from 'lucide-react';
import { useEffect, useRef, useState, type DragEvent } from 'react';
import { State } from '../../ui/state.js';
import { When } from '../../ui/when.js';
import { fileInWords, refusedFile, timeIn, type TestInputChoice, type TestSource } from './inputs.js';
import classes from './test.module.css';
import { sendTestFile } from './upload.js';

interface SourceInputProps {
  source: TestSource;
  choice: TestInputChoice | undefined;
  recent: readonly TestFile[];
  mostBytes: number;
  onChoose(choice: TestInputChoice | undefined): void;
  onSelect?(module: string): void;
}

const HEAD_BYTES = 16_384;

export function SourceInput({ source, choice, recent, mostBytes, onChoose, onSelect }: SourceInputProps) {
  const [over, setOver] = useState(false);
  const upload = useUpload(mostBytes, (file, head) => onChoose({ file, time: timeIn(source, file, head) }));
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file) upload.begin(file);
  };
  return (
    <section
      className={classes.source}
      aria-label={`Input of ${source.id}`}
      data-over={over || undefined}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes('Files')) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Group gap="xs" wrap="nowrap" justify="space-between">
        <Text size="sm" className={classes.sourceName} title={`${source.id}, ${source.title}`}>
          <button type="button" className={classes.module} onClick={() => onSelect?.(source.id)}>
            {source.id}
          </button>{' '}
          <span className={classes.meta}>{source.title}</span>
        </Text>
        {upload.sending === undefined && (
          <Group gap={4} wrap="nowrap">
            <FileButton
              onChange={(file) => file && upload.begin(file)}
              accept=".csv,.txt,.tsv,.jsonl,.ndjson,.json"
            >
              {(props) => (
                <Button variant="default" {...props}>
                  {choice ? 'Another file' : 'Choose a file'}
                </Button>
              )}
            </FileButton>
            <Recent
              source={source}
              files={recent}
              onTake={(file) => onChoose({ file, time: timeIn(source, file) })}
            />
          </Group>
        )}
      </Group>
      {upload.sending !== undefined ? (
        <Sending name={upload.sending.name} share={upload.sending.share} onCancel={upload.cancel} />
      ) : choice ? (
        <Chosen source={source} choice={choice} onChange={onChoose} />
      ) : (
        <Text className={classes.meta}>
          {source.asIs === undefined ? (
            <State is="look">needs a file: a test run reaches nothing outside. Drop one here.</State>
          ) : (
            `Runs ${source.asIs === 'as it is set' ? source.asIs : `on ${source.asIs}`}, or on a file that is dropped here.`
          )}
        </Text>
      )}
      {upload.error !== undefined && (
        <Text size="xs" c="var(--broken)" role="alert">
          {upload.error}
        </Text>
      )}
    </section>
  );
}

function Chosen({
  source,
  choice,
  onChange,
}: {
  source: TestSource;
  choice: TestInputChoice;
  onChange(choice: TestInputChoice | undefined): void;
}) {
  const { file, time } = choice;
  const column = time?.column ?? source.time.column;
  const isOwn = column === source.time.column && source.time.format === undefined;
  const formats = [...(isOwn ? [{ value: 'own', label: 'as the source has it set' }] : []), ...FORMATS];
  const say = (column: string, format: string) =>
    onChange({
      file,
      time: format === 'own' ? undefined : { column, format: format as NonNullable<typeof time>['format'] },
    });
  return (
    <>
      <Group gap="xs" wrap="nowrap">
        <FileText size={14} aria-hidden />
        <Text size="sm" className={classes.fileName} title={`${file.name}: ${file.columns.join(', ')}`}>
          {file.name}
        </Text>
        <Text className={classes.meta}>{fileInWords(file)}</Text>
        <ActionIcon
          size="sm"
          ml="auto"
          aria-label={`Leave out ${file.name}`}
          onClick={() => onChange(undefined)}
        >
          <X size={14} />
        </ActionIcon>
      </Group>
      {file.columns.length > 0 ? (
        <Group gap="xs" wrap="nowrap">
          <Text className={classes.meta}>time is</Text>
          <Select
            aria-label={`Time column for ${source.id}`}
            data={[...new Set([...file.columns, column])]}
            value={column}
            onChange={(to) => to && say(to, to === source.time.column ? 'own' : (time?.format ?? 'iso'))}
            allowDeselect={false}
            searchable
            error={!file.columns.includes(column)}
            className={classes.time}
          />
          <Select
            aria-label={`Time format for ${source.id}`}
            data={formats}
            value={time?.format ?? source.time.format ?? 'own'}
            onChange={(to) => to && say(column, to)}
            allowDeselect={false}
            className={classes.time}
          />
        </Group>
      ) : (
        <State is="look">its first line names no columns, so no time can be found in it</State>
      )}
    </>
  );
}

const FORMATS = [
  { value: 'iso', label: 'as text, ISO 8601' },
  { value: 'epochMs', label: 'in milliseconds since 1970' },
  { value: 'epochS', label: 'in seconds since 1970' },
  { value: 'epochUs', label: 'in microseconds since 1970' },
  { value: 'epochNs', label: 'in nanoseconds since 1970' },
];

function Sending({ name, share, onCancel }: { name: string; share: number; onCancel(): void }) {
  const percent = Math.round(share * 100);
  return (
    <Group gap="xs" wrap="nowrap">
      <Text size="sm" className={classes.fileName} title={name}>
        {name}
      </Text>
      <Progress value={percent} flex={1} aria-label={`Sending ${name}`} />
      <Text className={classes.meta}>{percent < 100 ? `${percent} %` : 'looking at it'}</Text>
      <Button variant="default" onClick={onCancel}>
        Cancel
      </Button>
    </Group>
  );
}

function Recent({
  source,
  files,
  onTake,
}: {
  source: TestSource;
  files: readonly TestFile[];
  onTake(file: TestFile): void;
}) {
  if (files.length === 0) return null;
  return (
    <Menu position="bottom-end" width={320}>
      <Menu.Target>
        <ActionIcon variant="default" size={30} aria-label={`Files that were sent before, for ${source.id}`}>
          <ChevronDown size={14} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown mah={280} style={{ overflowY: 'auto' }}>
        <Menu.Label>Sent before; each is kept for a day</Menu.Label>
        {files.map((file) => (
          <Menu.Item key={file.id} onClick={() => onTake(file)}>
            <Text size="sm" truncate title={file.columns.join(', ')}>
              {file.name}
            </Text>
            <Text className={classes.meta}>
              {fileInWords(file)}, goes <When at={file.expiresAt} />
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** One file on its way. It goes on until it is there, is cancelled, or the page is left. */
function useUpload(mostBytes: number, onSent: (file: TestFile, head: string) => void) {
  const [sending, setSending] = useState<{ name: string; share: number }>();
  const [error, setError] = useState<string>();
  const away = useRef<AbortController>(undefined);
  useEffect(() => () => away.current?.abort(), []);
  const begin = async (file: File) => {
    const refusal = refusedFile(file.name, file.size, mostBytes);
    setError(refusal);
    if (refusal !== undefined) return;
    const own = new AbortController();
    away.current?.abort();
    away.current = own;
    const progress = (share: number) => setSending({ name: file.name, share });
    progress(0);
    try {
      const head = await file.slice(0, HEAD_BYTES).text();
      const sent = await sendTestFile(file, { signal: own.signal, onProgress: progress });
      onSent(sent, head);
    } catch (thrown) {
      if (!own.signal.aborted) setError(thrown instanceof Error ? thrown.message : String(thrown));
    } finally {
      if (away.current === own) setSending(undefined);
    }
  };
  return {
    sending,
    error,
    begin: (file: File) => void begin(file),
    cancel: () => away.current?.abort(),
  };
}
