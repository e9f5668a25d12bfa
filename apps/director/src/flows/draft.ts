/**
 * Reads what was saved as a draft: a document as JSON, or its text as YAML or JSON.
 *
 * Guarantee: never throws; a draft that cannot be read is problems, with lines where there is a text. Pure.
 */
import { readFlow, readFlowValue } from '@millrace/flow';
import { Failure, type FlowDocument, type FlowDraftSave, type ProblemPlace } from '@millrace/schemas';

/** Exactly one of the two is there. */
export interface DraftContent {
  document: Record<string, unknown> | null;
  text: string | null;
}

export interface DraftReading {
  /** Absent when it is no flow. */
  flow?: FlowDocument;
  problems: ProblemPlace[];
  /** 1-based line of a pointer into the document, where there is a text. */
  lineOf: (pointer: string) => number | undefined;
}

/** What a request sent; undefined when it sent neither. */
export function contentOf(body: FlowDraftSave | null | undefined): DraftContent | undefined {
  if (body === null || body === undefined) return undefined;
  if (typeof body === 'string') return { document: null, text: body };
  if (body.document !== undefined && body.text !== undefined) {
    throw new Failure('platform.invalid-request', 'Send document or text, not both.', {
      errors: [{ pointer: '/text', detail: 'there is a document too' }],
    });
  }
  if (body.document === undefined && body.text === undefined) return undefined;
  return { document: body.document ?? null, text: body.text ?? null };
}

export function readDraft(content: DraftContent): DraftReading {
  if (content.text !== null) {
    const { document, problems, lineOf } = readFlow(content.text);
    return { flow: document, problems, lineOf };
  }
  const { document, problems } = readFlowValue(content.document);
  return { flow: document, problems, lineOf: () => undefined };
}
