/** What, where and how a flow version is brought to nodes, with what it would do before it is done. */
import { useMay, useMe } from '../../data/me.js';
import { Empty } from '../../ui/page.js';
import { Sheet } from '../../ui/sheet.js';
import { DeployForm, type Asked } from './deploy-form.js';

const WIDTH_PX = 860;

interface DeploySheetProps {
  opened: boolean;
  /** What is chosen already, from the address. */
  asked: Asked;
  onClose(): void;
}

export function DeploySheet({ opened, asked, onClose }: DeploySheetProps) {
  const known = useMe() !== undefined;
  const may = useMay('deployments.write');
  return (
    <Sheet opened={opened} onClose={onClose} title="Deploy a flow" width={WIDTH_PX}>
      {opened && may && <DeployForm asked={asked} onClose={onClose} />}
      {opened && known && !may && (
        <Empty title="Your role may not deploy">Ask somebody who is an operator or an admin.</Empty>
      )}
    </Sheet>
  );
}
