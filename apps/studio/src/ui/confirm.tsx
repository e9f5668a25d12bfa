/** Asks before something that cannot be undone easily, or for what a deed needs: it says what happens to how many. */
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
  /** Nothing is lost by it: its fields are asked first, and the button is no warning. */
  harmless?: boolean;
  /** False while something that it needs is missing. */
  ready?: boolean;
}

export function Confirm(props: ConfirmProps) {
  const { opened, onClose, title, children, verb, act, harmless = false, ready = true } = props;
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
        {harmless ? (
          children
        ) : (
          <Text component="div" size="sm">
            {children}
          </Text>
        )}
        {error && <WentWrong error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close} data-autofocus={!harmless || undefined}>
            Cancel
          </Button>
          <Button
            color={harmless ? undefined : 'red.9'}
            disabled={!ready}
            loading={busy}
            onClick={() => void go()}
          >
            {verb}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
