/** Points an alias at a version and brings what follows it along; shows all that it would do first. */
import { useMay, useMe } from '../../data/me.js';
import { Empty } from '../../ui/page.js';
import { Sheet } from '../../ui/sheet.js';
import { PromoteForm } from './promote-form.js';

const WIDTH_PX = 640;

interface PromoteSheetProps {
  opened: boolean;
  resource: string;
  /** Undefined: none that is ready. */
  version: number | undefined;
  /** What is chosen already. */
  alias?: string;
  onClose(): void;
}

export function PromoteSheet({ opened, resource, version, alias, onClose }: PromoteSheetProps) {
  const known = useMe() !== undefined;
  const may = useMay('promotions.write');
  const title = version === undefined ? `Promote ${resource}` : `Promote ${resource}@${version}`;
  return (
    <Sheet opened={opened} onClose={onClose} title={title} width={WIDTH_PX}>
      {opened && may && version !== undefined && (
        <PromoteForm key={version} resource={resource} version={version} asked={alias} onClose={onClose} />
      )}
      {opened && may && version === undefined && (
        <Empty title="No version is ready">What is being verified or was refused cannot be promoted.</Empty>
      )}
      {opened && known && !may && (
        <Empty title="Your role may not promote">
          Ask somebody who is an operator, a data scientist or an admin.
        </Empty>
      )}
    </Sheet>
  );
}
