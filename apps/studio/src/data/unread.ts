/** A filter that the director could not read: it is still being typed, nothing is broken. */
import { Failure } from '@millrace/schemas';

export const unreadOf = (error: Error | null): Failure | undefined =>
  error instanceof Failure && error.code === 'fleet.selector-invalid' ? error : undefined;
