/** An empty canvas says how to begin. */
import { Button } from '@mantine/core';
import { Empty } from '../../ui/page.js';
import classes from './editor.module.css';

export function NothingDrawn({ disabled, onBegin }: { disabled: boolean; onBegin(): void }) {
  return (
    <div className={classes.empty}>
      <Empty
        title="Nothing is drawn yet"
        action={
          <Button disabled={disabled} onClick={onBegin}>
            Begin with a simulated sensor
          </Button>
        }
      >
        Drag a source from the palette, or press / and type its name. Or write the flow as text under YAML.
      </Empty>
    </div>
  );
}
