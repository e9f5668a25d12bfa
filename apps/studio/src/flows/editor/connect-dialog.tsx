/** Connects without a mouse: from which port a module takes its records. */
import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core';
import { mayConnect, portsOf } from '@millrace/flow';
import { kinds } from '@millrace/modules/kinds';
import type { FlowDocument } from '@millrace/schemas';
import { useState } from 'react';
import type { WireEnds } from '../graph/elements.js';

interface ConnectDialogProps {
  document: FlowDocument;
  module: string;
  onClose(): void;
  onConnect(wire: WireEnds): void;
}

export function ConnectDialog({ document, module, onClose, onConnect }: ConnectDialogProps) {
  const [chosen, setChosen] = useState<string | null>(null);
  const ports = Object.keys(document.modules).flatMap((from) =>
    portsOf(document, kinds, from).map((port) => ({
      from,
      port,
      fit: mayConnect(document, kinds, { module: from, port }, { module }),
    })),
  );
  const fitting = ports.filter(({ fit }) => fit.ok);
  const [refused] = ports.filter(({ from }) => from !== module);
  const port = fitting.find((one) => wordOf(one) === chosen);
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Connect ${module} from`}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack>
        {fitting.length === 0 ? (
          <Text size="sm">
            Nothing fits. {refused && !refused.fit.ok ? refused.fit.why : 'Add a source first.'}
          </Text>
        ) : (
          <Select
            data-autofocus
            label="Module and port"
            searchable
            data={fitting.map(wordOf)}
            value={chosen}
            onChange={setChosen}
            comboboxProps={{ withinPortal: true }}
          />
        )}
        {port?.fit.ok && port.fit.warning && <Text size="sm">{port.fit.warning}</Text>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            disabled={port === undefined}
            onClick={() => {
              if (port) onConnect({ from: port.from, port: port.port, to: module });
              onClose();
            }}
          >
            Connect
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

const wordOf = ({ from, port }: { from: string; port: string }): string =>
  port === 'out' ? from : `${from}.${port}`;
