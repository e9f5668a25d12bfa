/**
 * Reads the text of a flow, YAML or JSON, into its document.
 *
 * Guarantee: a document of the right shape and of plain JSON values, or problems that name the line, the
 * module and the way out; it never throws, and what it does is bounded by the limits below. Whether modules,
 * wires and settings make sense is said by checkFlow.
 */
import { FlowDocument, type ProblemPlace } from '@millrace/schemas';
import { findingsOf, placed } from './sentences.js';
import { plainProblem, readText, withLines, type LineOf } from './text.js';

export interface FlowReading {
  /** Absent when there are problems. */
  document?: FlowDocument;
  problems: ProblemPlace[];
  /** The line of a JSON pointer into the document, from 1; for problems that are found later. */
  lineOf: LineOf;
}

export function readFlow(text: string): FlowReading {
  const { value, problems: broken, lineOf } = readText(text);
  if (broken.length > 0) return { problems: broken, lineOf };
  const { document, problems } = readFlowValue(value);
  return {
    ...(document === undefined ? {} : { document }),
    problems: withLines(problems, lineOf),
    lineOf,
  };
}

/** The same for a value that was parsed elsewhere, such as the body of a request. */
export function readFlowValue(value: unknown): { document?: FlowDocument; problems: ProblemPlace[] } {
  const problem = plainProblem(value);
  if (problem !== undefined) return { problems: [problem] };
  const parsed = FlowDocument.safeParse(value);
  if (parsed.success) return { document: parsed.data, problems: [] };
  return {
    problems: findingsOf(FlowDocument, value, parsed.error.issues, 'The flow').map((finding) => ({
      code: 'flows.shape',
      ...(finding.path[0] === 'modules' && finding.path.length > 1
        ? { module: String(finding.path[1]) }
        : {}),
      ...placed(finding, []),
      detail: finding.detail.replace('The flow know no', 'A flow knows no'),
    })),
  };
}
