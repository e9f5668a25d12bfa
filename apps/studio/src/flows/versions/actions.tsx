/** What can be done with a version: bring it back as the draft, deploy it, take it along. */
import { Button, Tooltip } from '@mantine/core';
import { Download, Rocket, Undo2 } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { api } from '../../data/api.js';
import { useMay } from '../../data/me.js';
import { failed } from '../../ui/notify.js';
import { Restore, textOf } from './restore.js';
import { DRAFT, sideWord, type Side } from './sides.js';

export function Actions({ name, side }: { name: string; side: Side }) {
  const [restoring, setRestoring] = useState(false);
  const may = useMay('flows.write');
  const mayDeploy = useMay('deployments.write');
  const read = () =>
    side === DRAFT
      ? api()
          .flows.draft(name)
          .then(({ value }) => value)
      : api().flows.version(name, Number(side));
  const download = async () => {
    try {
      save(`${name}${side === DRAFT ? '' : `@${side}`}.yaml`, textOf(await read()));
    } catch (error) {
      failed(`Could not download ${sideWord(side)} of ${name}`, error);
    }
  };
  return (
    <>
      <Button variant="default" leftSection={<Download size={14} />} onClick={() => void download()}>
        Download YAML
      </Button>
      {side !== DRAFT && (
        <>
          <Tooltip
            label={
              may ? `Puts the text of @${side} into the draft` : 'Your role lacks the permission flows.write'
            }
          >
            <span>
              <Button
                variant="default"
                leftSection={<Undo2 size={14} />}
                disabled={!may}
                onClick={() => setRestoring(true)}
              >
                Restore as draft
              </Button>
            </span>
          </Tooltip>
          <Button
            component={Link}
            leftSection={<Rocket size={14} />}
            data-disabled={!mayDeploy || undefined}
            href={`/deployments?${new URLSearchParams({ new: '', flow: name, version: side })}`}
          >
            Deploy @{side}
          </Button>
        </>
      )}
      {restoring && (
        <Restore
          name={name}
          what={`@${side}`}
          read={async () => textOf(await read())}
          onClose={() => setRestoring(false)}
        />
      )}
    </>
  );
}

function save(file: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = file;
  link.click();
  URL.revokeObjectURL(url);
}
