/** What a module that cleans, maps or scales did to its main field in the last test run. */
import type { FlowModule } from '@millrace/schemas';
import { FieldChart } from '../watch/field-chart.js';
import type { Frames } from '../watch/frames.js';
import { comparedFields } from './compared.js';
import classes from './inspector.module.css';

interface BeforeAfterProps {
  frames: Frames;
  id: string;
  module: FlowModule;
}

export function BeforeAfter({ frames, id, module }: BeforeAfterProps) {
  const fields = comparedFields(frames, id, module);
  if (fields === undefined) return null;
  const [{ field }] = fields;
  return (
    <section className={classes.section} aria-label="Before and after">
      <h3 className={classes.sectionTitle}>
        {field} <span className={classes.meta}>before and after</span>
      </h3>
      <FieldChart frames={frames} fields={fields} label={`${field} before and after ${id}`} height={140} />
    </section>
  );
}
