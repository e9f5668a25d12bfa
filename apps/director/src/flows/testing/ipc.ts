/**
 * What the director and the process of a test run say to each other. Both are the same build, so nothing is
 * parsed here.
 *
 *     spawned --order--> loading --started--> running --ended--> gone
 */
import type { Part, TableFormat } from '@millrace/dataset';
import type { FlowDocument, TestInput, TestRunEvent } from '@millrace/schemas';

export interface TestOrder {
  flow: string;
  /** Locked, with its parameters filled in. It may hold secrets: it is told and never written down. */
  document: FlowDocument;
  /** Files in place of sources, by module; `name` is what a person calls it. */
  inputs: Record<string, { path: string; name: string; timestamp?: TestInput['timestamp'] }>;
  /** Local file of each resource, by digest. */
  blobs: Record<string, string>;
  /** The run's own: all of the above lie in it, and it is removed afterwards. */
  folder: string;
  /** Of the inputs; absent: as fast as it goes. */
  speed?: number;
  seconds: number;
  /** What is to be made of the run; absent: it is only looked at. */
  table?: TableOrder;
  /** Of the whole process. */
  memoryMb: number;
}

export interface TableOrder {
  part: Part;
  keep: readonly string[];
  format: TableFormat;
  /** Where it is wanted, within the folder. */
  path: string;
}

export type ToTest =
  | { order: TestOrder }
  /** The last frame has left; the next may come. */
  | { written: true };

/** An event as it goes to the client: as text, so that the director spends nothing on it. */
export interface FromTest {
  event: TestRunEvent['event'];
  text: string;
}

/** Loading a model may take seconds, on a busy machine many. */
export const LOADING_MS = 30_000;
/** How long a process that should end by itself may take to do it. */
export const GRACE_MS = 2_000;
/** Last word of a process that grew too large. */
export const TOO_LARGE = 'the test run needs too much memory';
