/**
 * The shape of a row in the table of problems.
 *
 * `refusal`: a rule says no; asking again gets the same answer. `outage`: the world outside failed and may
 * pass. `bug`: anything else; its detail never leaves the process.
 */
export type ProblemKind = 'refusal' | 'outage' | 'bug';

export interface ProblemRow {
  kind: ProblemKind;
  /** HTTP status when the problem is an answer to a request. */
  status: number;
  /** One short sentence that holds for every occurrence; the detail says what happened this time. */
  title: string;
}

export type ProblemTable = Record<`${string}.${string}`, ProblemRow>;
