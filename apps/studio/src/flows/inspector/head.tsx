/** The head of a module's inspector: its category, title, id that can be changed in place, type and docs. */
import { ActionIcon, TextInput, Tooltip } from '@mantine/core';
import type { ModuleKind } from '@millrace/flow';
import type { FlowModule } from '@millrace/schemas';
import { BookOpen, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { ModuleIcon } from '../graph/icon.js';
import { hueOf } from '../graph/look.js';
import { docsHtml } from './docs.js';
import classes from './inspector.module.css';

interface HeadProps {
  id: string;
  module: FlowModule;
  kind: ModuleKind | undefined;
  editable: boolean;
  onRename(to: string): void;
  onRemove(): void;
}

export function Head({ id, module, kind, editable, onRename, onRemove }: HeadProps) {
  const [docs, setDocs] = useState(false);
  return (
    <header
      className={classes.head}
      style={{ '--hue': `var(${hueOf(kind?.category)})` } as React.CSSProperties}
    >
      <div className={classes.titleLine}>
        <ModuleIcon type={module.type} size={16} />
        <h2 className={classes.title}>{kind?.title ?? 'Unknown type'}</h2>
        <code className={classes.type} title={module.type}>
          {module.type}
        </code>
        <span className={classes.spring} />
        {kind !== undefined && (
          <Tooltip label={docs ? 'Hide the docs' : 'Show the docs'}>
            <ActionIcon
              aria-label={docs ? 'Hide the docs' : 'Show the docs'}
              aria-expanded={docs}
              onClick={() => setDocs(!docs)}
            >
              <BookOpen size={16} />
            </ActionIcon>
          </Tooltip>
        )}
        {editable && (
          <Tooltip label={`Delete ${id}`}>
            <ActionIcon aria-label={`Delete ${id}`} onClick={onRemove}>
              <Trash2 size={16} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
      {kind !== undefined && <p className={classes.lead}>{kind.summary}</p>}
      <IdField id={id} editable={editable} onRename={onRename} />
      {docs && kind !== undefined && (
        <div
          className={classes.docs}
          role="region"
          aria-label={`Docs of ${kind.type}`}
          tabIndex={0}
          // Our own docs, and nothing in them becomes markup of its own: docs.ts.
          dangerouslySetInnerHTML={{ __html: docsHtml(kind.docs) }}
        />
      )}
    </header>
  );
}

function IdField({ id, editable, onRename }: Pick<HeadProps, 'id' | 'editable' | 'onRename'>) {
  const [typed, setTyped] = useState<string>();
  const [wrong, setWrong] = useState<string>();
  const settle = () => {
    const to = typed?.trim();
    if (to === undefined || to === id) {
      setTyped(undefined);
      setWrong(undefined);
      return;
    }
    try {
      onRename(to);
      setTyped(undefined);
      setWrong(undefined);
    } catch (error) {
      setWrong((error as Error).message);
    }
  };
  return (
    <div className={classes.idLine}>
      <label htmlFor="module-id" className={classes.label}>
        Id
      </label>
      <TextInput
        id="module-id"
        aria-label="Id of the module"
        classNames={{ input: classes.mono }}
        style={{ flex: 1 }}
        value={typed ?? id}
        disabled={!editable}
        error={wrong}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setWrong(undefined);
        }}
        onBlur={settle}
        onKeyDown={(event) => {
          if (event.key === 'Enter') settle();
          if (event.key === 'Escape') {
            setTyped(undefined);
            setWrong(undefined);
          }
        }}
      />
    </div>
  );
}
