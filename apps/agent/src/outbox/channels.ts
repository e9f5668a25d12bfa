/**
 * From what a flow says to what the director hears: messages of the protocol with the outbox's number, checked
 * before they are kept, since one that the director refuses would stand in the way of all behind it.
 */
import type { DirectorMessage } from '@millrace/engine';
import { AlertMessage, Failure, FieldValue, ResultMessage } from '@millrace/schemas';
import type { z } from 'zod';

export interface From {
  flow: string;
  version: number;
}

type Alert = Extract<DirectorMessage, { channel: 'alert' }>;
type Result = Extract<DirectorMessage, { channel: 'result' }>;

export function alertMessage(message: Alert, { flow, version }: From): Omit<AlertMessage, 'number'> {
  const { module, t, change, severity, key, values, signal } = message;
  const alert = { flow, version, module, t, change, severity, message: message.message };
  return checked(AlertMessage.omit({ number: true }), module, {
    ...alert,
    key: key === null ? null : String(key),
    values: flat(values),
    ...(signal !== undefined && { signal }),
  });
}

export function resultMessage(
  { module, records }: Result,
  { flow, version }: From,
): Omit<ResultMessage, 'number'> {
  return checked(ResultMessage.omit({ number: true }), module, {
    flow,
    version,
    module,
    records: records.map(flat),
  });
}

function checked<S extends z.ZodType>(schema: S, module: string, value: unknown): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new Failure(
    'platform.message-invalid',
    `${module} said something that is no message to the director: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`,
  );
}

/** Fields whose value is an object, such as the ages of an aligned row, do not travel. */
function flat(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => FieldValue.safeParse(value).success),
  );
}
