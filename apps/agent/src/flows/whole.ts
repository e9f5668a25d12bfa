/**
 * Is a flow whole, as it was signed: its document has the digest that it was signed with, and every resource that it
 * names was signed with it. Pure; the signature itself was looked at by the inbox.
 */
import { flowDigest, resourceReferences } from '@millrace/flow';
import { Failure, FlowDocument, type DesiredFlow } from '@millrace/schemas';

/** Throws a Failure that says what does not fit. */
export function assertWhole(flow: Pick<DesiredFlow, 'digest' | 'document' | 'resources'>): void {
  const document = FlowDocument.safeParse(flow.document);
  if (!document.success) {
    throw new Failure(
      'flows.unreadable',
      `the document is no flow: ${document.error.issues[0]?.message ?? ''}`,
    );
  }
  const found = flowDigest(document.data);
  if (found !== flow.digest) {
    throw new Failure(
      'catalogue.digest-mismatch',
      `the flow was signed as ${flow.digest}, and its document is ${found}`,
    );
  }
  const signed = new Set(Object.values(flow.resources).map(({ digest }) => digest));
  for (const { module, text, digest } of resourceReferences(document.data)) {
    if (digest !== undefined && signed.has(digest)) continue;
    throw new Failure(
      'flows.resource',
      `${module} names ${text}, and no such resource was signed with the flow`,
    );
  }
}
