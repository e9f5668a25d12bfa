/** Short words at the edge of the page: what was done, and what failed with its reason. */
import { notifications } from '@mantine/notifications';
import { Failure } from '@millrace/schemas';

const closeButtonProps = { 'aria-label': 'Close' };

export function done(message: string): void {
  notifications.show({ message, color: 'green', autoClose: 4_000, role: 'status', closeButtonProps });
}

/** Stays until it is closed: nobody should miss why something did not happen. */
export function failed(what: string, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Failure ? ` (${error.code})` : '';
  notifications.show({
    title: what,
    message: `${message}${code}`,
    color: 'red',
    autoClose: false,
    role: 'alert',
    closeButtonProps,
  });
}
