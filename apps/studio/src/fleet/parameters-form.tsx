/** Parameters by flow: fields from what each flow declares; an empty field leaves what is set further out. */
import { Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { FlowParameter, FlowParameters } from '@millrace/schemas';
import { useState } from 'react';
import { api } from '../data/api.js';
import { Show } from '../ui/page.js';
import classes from './node.module.css';
import { typeOf, valueOf, withValue, wrongOf } from './parameters.js';

interface ParametersFormProps {
  value: FlowParameters;
  onChange(value: FlowParameters): void;
  /** Shown from the beginning. */
  flows: readonly string[];
  /** Said when a field cannot be read, so that nothing is saved until it can. */
  onWrong(wrong: boolean): void;
}

const FLOWS = 200;

export function ParametersForm({ value, onChange, flows, onWrong }: ParametersFormProps) {
  const [added, setAdded] = useState<string[]>([]);
  const [wrong, setWrong] = useState<ReadonlySet<string>>(new Set());
  const known = useQuery({
    queryKey: ['flows', 'first'],
    queryFn: () => api().flows.list({ limit: FLOWS }),
  });
  const shown = [...new Set([...flows, ...Object.keys(value), ...added])];
  const others = (known.data?.items ?? []).map(({ name }) => name).filter((name) => !shown.includes(name));
  const mark = (place: string, is: boolean) => {
    const next = new Set(wrong);
    if (is) next.add(place);
    else next.delete(place);
    setWrong(next);
    onWrong(next.size > 0);
  };
  return (
    <Stack gap="md">
      {shown.map((flow) => (
        <FlowFields
          key={flow}
          flow={flow}
          value={value}
          onChange={onChange}
          onWrong={(name, is) => mark(`${flow}/${name}`, is)}
        />
      ))}
      {others.length > 0 && (
        <Select
          label="Set parameters of another flow"
          placeholder="Choose a flow"
          data={others}
          value={null}
          searchable
          maw={320}
          onChange={(flow) => flow !== null && setAdded([...added, flow])}
        />
      )}
      {shown.length === 0 && others.length === 0 && (
        <Text size="sm" c="dimmed">
          There is no flow with parameters yet.
        </Text>
      )}
    </Stack>
  );
}

interface FlowFieldsProps {
  flow: string;
  value: FlowParameters;
  onChange(value: FlowParameters): void;
  onWrong(name: string, wrong: boolean): void;
}

function FlowFields({ flow, value, onChange, onWrong }: FlowFieldsProps) {
  const declared = useQuery({
    queryKey: ['flows', 'parameters', flow],
    queryFn: async () => {
      const { latestVersion } = await api().flows.get(flow);
      if (latestVersion === null) return {};
      return (await api().flows.version(flow, latestVersion)).document.parameters ?? {};
    },
  });
  const set = value[flow] ?? {};
  return (
    <fieldset className={classes.fields}>
      <legend>{flow}</legend>
      <Show of={declared.isError ? { ...declared, data: {} } : declared} lines={2}>
        {(parameters: Record<string, FlowParameter>) => {
          const undeclared = Object.keys(set).filter((name) => !(name in parameters));
          const names = [...Object.keys(parameters), ...undeclared];
          if (names.length === 0)
            return (
              <Text size="sm" c="dimmed">
                The flow has no parameters.
              </Text>
            );
          return (
            <Group align="flex-start" gap="sm" className={classes.grid}>
              {names.map((name) => (
                <Field
                  key={name}
                  name={name}
                  of={parameters[name]}
                  value={set[name]}
                  onChange={(one) => onChange(withValue(value, flow, name, one))}
                  onWrong={(is) => onWrong(name, is)}
                />
              ))}
            </Group>
          );
        }}
      </Show>
    </fieldset>
  );
}

interface FieldProps {
  name: string;
  /** Undefined: the flow does not declare it. */
  of: FlowParameter | undefined;
  value: string | number | boolean | undefined;
  onChange(value: string | number | boolean | undefined): void;
  onWrong(wrong: boolean): void;
}

function Field({ name, of, value, onChange, onWrong }: FieldProps) {
  const [text, setText] = useState(value === undefined ? '' : String(value));
  const type = of?.type ?? typeOf(value ?? '');
  const wrong = wrongOf(type, text);
  const standing = of?.default === undefined ? 'not set' : String(of.default);
  const take = (to: string) => {
    setText(to);
    const isWrong = wrongOf(type, to) !== undefined;
    onWrong(isWrong);
    if (!isWrong) onChange(valueOf(type, to));
  };
  const described = of === undefined ? 'The flow does not declare it (any more).' : of.description;
  if (type === 'boolean')
    return (
      <Select
        label={name}
        description={described}
        placeholder={standing}
        data={['true', 'false']}
        value={text === '' ? null : text}
        onChange={(to) => take(to ?? '')}
        clearable
        clearButtonProps={{ 'aria-label': `Do not set ${name}` }}
      />
    );
  return (
    <TextInput
      label={name}
      description={described}
      placeholder={standing}
      type={type === 'secret' ? 'password' : 'text'}
      autoComplete="off"
      inputMode={type === 'number' || type === 'integer' ? 'decimal' : undefined}
      value={text}
      error={wrong}
      onChange={(event) => take(event.currentTarget.value)}
    />
  );
}
