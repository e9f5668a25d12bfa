/** Files into the catalogue: what each is to be called, how far each is, and what the director found in it. */
import {
  ActionIcon,
  Button,
  FileButton,
  Group,
  Progress,
  Select,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { Failure, NAME, type ResourceKind } from '@millrace/schemas';
import { X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { failed } from '../ui/notify.js';
import { Card, Empty, WentWrong } from '../ui/page.js';
import { Sheet } from '../ui/sheet.js';
import { State } from '../ui/state.js';
import { bytes, duration } from '../ui/units.js';
import { KINDS, kindOf, nameOf } from './kinds.js';
import { discard, goOn, startUpload, stopUpload, useUploads, type Running, type Wanted } from './uploads.js';

interface UploadSheetProps {
  opened: boolean;
  onClose(): void;
  dropped: readonly File[];
  /** The resource that gets a new version; files may name theirs when absent. */
  name?: string;
}

const kinds = Object.entries(KINDS).map(([value, label]) => ({ value, label }));

export function UploadSheet({ opened, onClose, dropped, name }: UploadSheetProps) {
  const uploads = useUploads();
  const [wanted, setWanted] = useState<Wanted[]>([]);
  useEffect(() => setWanted((before) => [...before, ...wantedOf(dropped, name)]), [dropped, name]);
  const start = (one: Wanted) => {
    setWanted(wanted.filter((other) => other !== one));
    startUpload(one);
  };
  return (
    <Sheet opened={opened} onClose={onClose} title={name === undefined ? 'Upload' : `New version of ${name}`}>
      <Stack>
        <Group>
          <FileButton multiple onChange={(files) => setWanted([...wanted, ...wantedOf(files, name)])}>
            {(button) => (
              <Button {...button} variant={wanted.length > 0 ? 'default' : 'filled'}>
                Choose files
              </Button>
            )}
          </FileButton>
          <Text size="sm" c="dimmed">
            or drop them on the page
          </Text>
        </Group>
        {wanted.map((one, index) => (
          <Wish
            key={`${one.file.name}${one.file.size}${one.file.lastModified}`}
            wanted={one}
            fixed={name !== undefined}
            onChange={(to) => setWanted(wanted.with(index, to))}
            onStart={() => start(one)}
            onDrop={() => setWanted(wanted.filter((other) => other !== one))}
          />
        ))}
        {uploads.toReversed().map((one) => (
          <UnderWay key={one.id} upload={one} />
        ))}
        {wanted.length + uploads.length === 0 && (
          <Empty title="Bytes go straight to the store">
            In parts, each checked; a known file is not sent twice, and one that was cut goes on where it was
            when the same file is chosen again.
          </Empty>
        )}
      </Stack>
    </Sheet>
  );
}

const wantedOf = (files: readonly File[], name: string | undefined): Wanted[] =>
  files.map((file) => ({
    file,
    name: name ?? nameOf(file.name),
    kind: kindOf(file.name),
    alias: '',
    note: '',
  }));

interface WishProps {
  wanted: Wanted;
  fixed: boolean;
  onChange(to: Wanted): void;
  onStart(): void;
  onDrop(): void;
}

function Wish({ wanted, fixed, onChange, onStart, onDrop }: WishProps) {
  const { file, name, kind, alias, note } = wanted;
  const wrong = !NAME.test(name) && 'letters, digits, dots, dashes and underscores, such as pump-autoencoder';
  const wrongAlias = alias !== '' && !/^[a-zA-Z][\w.-]*$/.test(alias) && 'begins with a letter';
  return (
    <Card>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!wrong && !wrongAlias && file.size > 0) onStart();
        }}
      >
        <Stack gap="sm">
          <Group justify="space-between" wrap="nowrap">
            <Text size="sm" truncate title={file.name}>
              {file.name} · {bytes(file.size)}
            </Text>
            <ActionIcon aria-label={`Leave out ${file.name}`} onClick={onDrop}>
              <X size={14} />
            </ActionIcon>
          </Group>
          {file.size === 0 && <State is="broken">This file is empty, so there is nothing to upload.</State>}
          <Group grow align="flex-start">
            {!fixed && (
              <TextInput
                label="Name"
                value={name}
                error={wrong}
                onChange={(event) => onChange({ ...wanted, name: event.currentTarget.value.trim() })}
              />
            )}
            <Select
              label="Kind"
              data={kinds}
              allowDeselect={false}
              value={kind}
              onChange={(value) => value && onChange({ ...wanted, kind: value as ResourceKind })}
            />
          </Group>
          <Group grow align="flex-start">
            <TextInput
              label="Alias"
              placeholder="such as production"
              error={wrongAlias}
              value={alias}
              onChange={(event) => onChange({ ...wanted, alias: event.currentTarget.value.trim() })}
            />
            <TextInput
              label="Note"
              placeholder="what is new in it"
              value={note}
              onChange={(event) => onChange({ ...wanted, note: event.currentTarget.value })}
            />
          </Group>
          <Button
            type="submit"
            disabled={Boolean(wrong || wrongAlias) || file.size === 0}
            style={{ alignSelf: 'flex-end' }}
          >
            Upload {name}
          </Button>
        </Stack>
      </form>
    </Card>
  );
}

/** The same bytes are refused again. */
const mayHelp = ({ error }: Running): boolean => !(error instanceof Failure) || error.row.kind === 'outage';

function UnderWay({ upload }: { upload: Running }) {
  const { id, name, file, step, doneBytes, bytesPerSecond, msLeft, version, known, error } = upload;
  const share = file.size === 0 ? 0 : doneBytes / file.size;
  const far = `${bytes(doneBytes)} of ${bytes(file.size)}`;
  const pace = [
    ...(bytesPerSecond === undefined ? [] : [`, ${bytes(bytesPerSecond)}/s`]),
    ...(msLeft === undefined || doneBytes === file.size ? [] : [`, ${duration(msLeft)} left`]),
  ].join('');
  const says: Record<Running['step'], React.ReactNode> = {
    hashing: <State is="busy">Hashing, {Math.round(share * 100)} %</State>,
    sending: (
      <State is="busy">
        Sending {far}
        {pace}
      </State>
    ),
    verifying: (
      <State is="busy">
        Verifying {far}
        {pace}: hashed and looked at by the director
      </State>
    ),
    ready: (
      <State is="good">
        {known ? 'Known already, nothing was sent' : 'Ready'}:{' '}
        <Link href={`/catalogue/${encodeURIComponent(name)}?version=${version}`}>
          {name}@{version}
        </Link>
      </State>
    ),
    stopped: <State is="off">Stopped. What was sent is kept: go on whenever you like</State>,
    failed: <State is="broken">Not uploaded</State>,
  };
  const active = step === 'hashing' || step === 'sending';
  const forget = () =>
    discard(upload).catch((reason: unknown) => failed(`${name} could not be discarded`, reason));
  return (
    <Card>
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap">
          <Text size="sm" truncate title={file.name}>
            {file.name} · {bytes(file.size)}
          </Text>
          {step === 'ready' && (
            <ActionIcon aria-label={`Take ${file.name} off the list`} onClick={() => void forget()}>
              <X size={14} />
            </ActionIcon>
          )}
        </Group>
        <div role="status">{says[step]}</div>
        {(active || step === 'verifying') && (
          <Progress
            value={share * 100}
            animated={step === 'verifying'}
            aria-label={`${file.name}: ${step}`}
            transitionDuration={120}
          />
        )}
        {error && <WentWrong error={error} />}
        <Group gap="xs">
          {active && (
            <Button variant="default" onClick={() => stopUpload(id)}>
              Stop
            </Button>
          )}
          {(step === 'stopped' || step === 'failed') && (
            <>
              {mayHelp(upload) && (
                <Button onClick={() => goOn(upload)}>{step === 'stopped' ? 'Go on' : 'Try again'}</Button>
              )}
              <Button variant="default" onClick={() => void forget()}>
                Discard
              </Button>
            </>
          )}
        </Group>
      </Stack>
    </Card>
  );
}
