/** What is shown while nothing is selected: the flow itself, what it is for and its parameters. */
import { ActionIcon, Button, Select, Textarea, TextInput, Tooltip } from '@mantine/core';
import { pointerOf } from '@millrace/flow';
import type { FlowDocument, FlowParameter, ProblemPlace } from '@millrace/schemas';
import { PanelRightClose, Plus, Workflow, X } from 'lucide-react';
import { useState } from 'react';
import { many } from '../../ui/units.js';
import { Wrong } from './fields/wrong.js';
import classes from './inspector.module.css';
import {
  addParameter,
  defaultFromText,
  PARAMETER_TYPES,
  removeParameter,
  renameParameter,
  setParameter,
  typedParameter,
  usesOf,
  wrongName,
} from './parameters.js';
import { problemsAt } from './places.js';

interface FlowInspectorProps {
  document: FlowDocument;
  /** Those of the flow itself. */
  problems: readonly ProblemPlace[];
  editable: boolean;
  /** `key` names the field that is typed in. */
  onEdit(label: string, document: FlowDocument, key?: string): void;
  onClose(): void;
}

export default function FlowInspector(props: FlowInspectorProps) {
  const { document, problems, editable, onEdit, onClose } = props;
  const { name, description } = document.metadata;
  const parameters = Object.entries(document.parameters ?? {});
  const placed = parameters.map(([one]) => pointerOf(['parameters', one]));
  const others = problems.filter(
    ({ pointer }) => !placed.some((at) => pointer === at || pointer?.startsWith(`${at}/`) === true),
  );
  return (
    <div className={classes.inspector}>
      <header className={classes.head}>
        <div className={classes.titleLine}>
          <Workflow size={16} aria-hidden />
          <h2 className={classes.title} title={name}>
            {name}
          </h2>
          <span className={classes.spring} />
          <Tooltip label="Hide">
            <ActionIcon aria-label="Hide the inspector" onClick={onClose}>
              <PanelRightClose size={16} />
            </ActionIcon>
          </Tooltip>
        </div>
        <p className={classes.lead}>
          {many(Object.keys(document.modules).length, 'module')}. Select one to see its settings.
        </p>
      </header>
      {others.length > 0 && (
        <section className={classes.problems} aria-label="Problems of the flow">
          <Wrong sentences={[...new Set(others.map(({ detail }) => detail))]} />
        </section>
      )}
      <section className={classes.section} aria-label="Flow">
        <Textarea
          label="Description"
          placeholder="What it is for"
          size="xs"
          autosize
          minRows={2}
          maxRows={8}
          maxLength={10_000}
          disabled={!editable}
          value={description ?? ''}
          onChange={({ currentTarget: { value } }) => {
            const { description: _before, ...metadata } = document.metadata;
            const next = value === '' ? metadata : { ...metadata, description: value };
            onEdit('Describe the flow', { ...document, metadata: next }, 'description');
          }}
        />
      </section>
      <section className={classes.section} aria-label="Parameters">
        <h3 className={classes.sectionTitle}>Parameters</h3>
        {parameters.length === 0 && (
          <p className={classes.lead}>
            A value that differs from node to node, or a secret. A setting takes it as{' '}
            <code>{'${name}'}</code>.
          </p>
        )}
        <div className={classes.entries}>
          {parameters.map(([one, parameter], index) => (
            <ParameterCard key={index} name={one} parameter={parameter} {...props} />
          ))}
        </div>
        {editable && (
          <div className={classes.listTools}>
            <Button
              variant="subtle"
              size="compact-xs"
              leftSection={<Plus size={12} />}
              onClick={() => {
                const added = addParameter(document);
                onEdit(`Add the parameter ${added.name}`, added.document);
              }}
            >
              Add a parameter
            </Button>
          </div>
        )}
      </section>
    </div>
  );
}

interface ParameterCardProps extends FlowInspectorProps {
  name: string;
  parameter: FlowParameter;
}

function ParameterCard({ name, parameter, document, problems, editable, onEdit }: ParameterCardProps) {
  const { type, description } = parameter;
  const pointer = pointerOf(['parameters', name]);
  const set = (change: Parameters<typeof setParameter>[2], field: string) =>
    onEdit(`Set ${name}`, setParameter(document, name, change), `parameters/${name}/${field}`);
  return (
    <div className={classes.parameter} role="group" aria-label={`Parameter ${name}`} data-pointer={pointer}>
      <div className={classes.parameterLine}>
        <ParameterName name={name} document={document} editable={editable} onEdit={onEdit} />
        <Select
          aria-label={`Type of ${name}`}
          data={[...PARAMETER_TYPES]}
          value={type}
          allowDeselect={false}
          disabled={!editable}
          onChange={(to) =>
            onEdit(`Set ${name}`, typedParameter(document, name, (to ?? type) as FlowParameter['type']))
          }
        />
        {editable && (
          <ActionIcon
            size={22}
            aria-label={`Remove ${name}`}
            onClick={() => onEdit(`Remove the parameter ${name}`, removeParameter(document, name))}
          >
            <X size={12} />
          </ActionIcon>
        )}
      </div>
      {type === 'boolean' ? (
        <Select
          aria-label={`Default of ${name}`}
          data={['true', 'false']}
          value={parameter.default === undefined ? null : String(parameter.default)}
          placeholder="no default: given when deploying"
          clearable
          clearButtonProps={{
            'aria-label': `Clear the default of ${name}`,
            tabIndex: 0,
            'aria-hidden': false,
          }}
          disabled={!editable}
          onChange={(to) => set({ default: to === null ? undefined : to === 'true' }, 'default')}
        />
      ) : (
        type !== 'secret' && (
          <DefaultInput
            name={name}
            parameter={parameter}
            editable={editable}
            onDefault={(to) => set({ default: to }, 'default')}
          />
        )
      )}
      <TextInput
        aria-label={`Description of ${name}`}
        placeholder="What it is for"
        maxLength={2_000}
        disabled={!editable}
        value={description ?? ''}
        onChange={({ currentTarget: { value } }) =>
          set({ description: value === '' ? undefined : value }, 'description')
        }
      />
      <Wrong sentences={problemsAt(problems, pointer)} />
      <span className={classes.meta}>
        {type === 'secret' && 'given when deploying, and never shown; '}
        {usesOf(document, name) === 0 ? 'not used yet' : `used ${many(usesOf(document, name), 'time')}`}
      </span>
    </div>
  );
}

interface DefaultInputProps {
  name: string;
  parameter: FlowParameter;
  editable: boolean;
  onDefault(to: FlowParameter['default']): void;
}

function DefaultInput({ name, parameter, editable, onDefault }: DefaultInputProps) {
  // As it was typed, while one types: `1.` is on its way to `1.5`.
  const [typed, setTyped] = useState<string>();
  return (
    <TextInput
      aria-label={`Default of ${name}`}
      placeholder="none: given when deploying"
      leftSection={<span className={classes.meta}>default</span>}
      leftSectionWidth={60}
      disabled={!editable}
      value={typed ?? (parameter.default === undefined ? '' : String(parameter.default))}
      onChange={({ currentTarget: { value } }) => {
        setTyped(value);
        onDefault(defaultFromText(parameter, value));
      }}
      onBlur={() => setTyped(undefined)}
    />
  );
}

type ParameterNameProps = Pick<ParameterCardProps, 'name' | 'document' | 'editable' | 'onEdit'>;

/** Changed when it is left, with all its uses. */
function ParameterName({ name, document, editable, onEdit }: ParameterNameProps) {
  const [typed, setTyped] = useState<string>();
  const wrong = typed === undefined ? undefined : wrongName(document, name, typed);
  const settle = () => {
    if (typed === undefined || wrong !== undefined) return;
    setTyped(undefined);
    if (typed !== name) onEdit(`Rename ${name} to ${typed}`, renameParameter(document, name, typed));
  };
  return (
    <TextInput
      aria-label={`Name of ${name}`}
      classNames={{ input: classes.mono }}
      spellCheck={false}
      disabled={!editable}
      value={typed ?? name}
      error={wrong}
      onChange={({ currentTarget: { value } }) => setTyped(value)}
      onBlur={settle}
      onKeyDown={(event) => {
        if (event.key === 'Enter') settle();
        if (event.key === 'Escape') setTyped(undefined);
      }}
    />
  );
}
