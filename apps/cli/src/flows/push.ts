/** A flow file becomes the draft of its flow: the text as it is, so that comments stay. */
import { readFile, stat } from 'node:fs/promises';
import type { Client } from '@millrace/client';
import { readFlow } from '@millrace/flow';
import { Failure, type FlowDraft } from '@millrace/schemas';
import { unlessMissing } from '../catalogue/push.js';
import { unreadable } from '../output/errors.js';

export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** A draft may be wrong, and then carries its problems; it must only say whose draft it is. */
export async function pushDraft({ flows }: Client, file: string, given?: string): Promise<FlowDraft> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Failure('flows.unreadable', `${file} cannot be read: ${unreadable(cause)}`, { cause });
  });
  const { document, problems } = readFlow(text);
  const name = given ?? document?.metadata.name;
  if (name === undefined) {
    throw new Failure(
      'flows.unreadable',
      `${file} does not say which flow it is: it has no readable metadata.name. Correct it, or give --name.`,
      { errors: problems },
    );
  }
  if ((await flows.get(name).catch(unlessMissing)) === undefined) {
    await flows.create({ name, text });
    return (await flows.draft(name)).value;
  }
  const { etag } = await flows.draft(name);
  return (await flows.saveDraft(name, text, etag)).value;
}
