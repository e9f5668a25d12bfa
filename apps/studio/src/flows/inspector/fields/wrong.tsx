/** What is wrong at a place, a sentence each. */
import classes from '../inspector.module.css';

export function Wrong({ sentences }: { sentences: readonly string[] }) {
  return sentences.map((sentence) => (
    <p key={sentence} className={classes.wrong}>
      {sentence}
    </p>
  ));
}
