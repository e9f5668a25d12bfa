/** All that is wrong with the flow, each leading to its module and field. */
import { UnstyledButton } from '@mantine/core';
import type { ProblemPlace } from '@millrace/schemas';
import { State } from '../../ui/state.js';
import classes from './editor.module.css';

interface ProblemsTabProps {
  problems: readonly ProblemPlace[];
  checkedByDirector: boolean;
  onShow(problem: ProblemPlace): void;
}

export function ProblemsTab({ problems, checkedByDirector, onShow }: ProblemsTabProps) {
  if (problems.length === 0) {
    return (
      <div className={classes.tabText}>
        <State is="good">
          {checkedByDirector ? 'No problems: this can be published' : 'No problems found here'}
        </State>
      </div>
    );
  }
  return (
    <ul className={classes.problemList} aria-label="Problems">
      {problems.map((problem, index) => (
        <li key={`${index} ${problem.pointer}`}>
          <UnstyledButton className={classes.problem} onClick={() => onShow(problem)}>
            <span className={classes.problemPlace}>
              {problem.module ?? (problem.line === undefined ? 'flow' : `line ${problem.line}`)}
            </span>
            <span className={classes.problemDetail}>{problem.detail}</span>
            {problem.code && <code className={classes.problemCode}>{problem.code}</code>}
          </UnstyledButton>
        </li>
      ))}
    </ul>
  );
}
