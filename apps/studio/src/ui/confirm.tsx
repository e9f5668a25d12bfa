/** Asks before something that cannot be undone easily: it says what will happen to how many. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { WentWrong } from './page.js';

interface ConfirmProps {
  opened: boolean;
  onClose(): void;
  /** A question: `Delete pump-watch?` */
  title: string;
  /** What it does, and to how many. */
  children: ReactNode;
  /** The verb of the button. */
  verb: string;
  act(): Promise<unknown>;
}

export function Confirm({ opened, onClose, title, children, verb, act }: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const close = () => {
    setError(undefined);
    onClose();
  };
  const go = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await act();
      close();
    } catch (thrown) {
      setError(thrown as Error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={title}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack>
        <Text component="div" size="sm">
          {children}
        </Text>
        {error && <WentWrong error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus>
            Cancel
          </Button>
          <Button color="red.9" loading={busy} onClick={() => void go()}>
            {verb}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
