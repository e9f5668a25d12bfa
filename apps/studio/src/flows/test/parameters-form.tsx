/** Values of the flow's parameters for one test run; what is left empty has its default. Nothing of it is kept. */
import { NumberInput, PasswordInput, Select, TextInput } from '@mantine/core';
import type { FlowParameter } from '@millrace/schemas';
import type { ParameterValues } from './inputs.js';

interface ParametersFormProps {
  parameters: Readonly<Record<string, FlowParameter>>;
  values: ParameterValues;
  onChange(values: ParameterValues): void;
}

export function ParametersForm({ parameters, values, onChange }: ParametersFormProps) {
  return Object.entries(parameters).map(([name, parameter]) => (
    <ParameterInput
      key={name}
      name={name}
      parameter={parameter}
      value={values[name]}
      onChange={(value) => onChange({ ...values, [name]: value })}
    />
  ));
}

interface ParameterInputProps {
  name: string;
  parameter: FlowParameter;
  value: ParameterValues[string];
  onChange(value: ParameterValues[string]): void;
}

function ParameterInput({ name, parameter, value, onChange }: ParameterInputProps) {
  const { type, description } = parameter;
  const needed = parameter.default === undefined;
  const same = {
    label: name,
    description,
    withAsterisk: needed,
    placeholder: needed ? undefined : String(parameter.default),
  };
  if (type === 'boolean') {
    return (
      <Select
        {...same}
        data={[{ value: '', label: needed ? 'not said' : `as it is: ${parameter.default}` }, 'true', 'false']}
        allowDeselect={false}
        value={value === undefined ? '' : String(value)}
        onChange={(to) => onChange(to === '' || to === null ? undefined : to === 'true')}
      />
    );
  }
  if (type === 'number' || type === 'integer') {
    return (
      <NumberInput
        {...same}
        allowDecimal={type === 'number'}
        value={typeof value === 'number' ? value : ''}
        onChange={(to) => onChange(typeof to === 'number' ? to : undefined)}
      />
    );
  }
  const Input = type === 'secret' ? PasswordInput : TextInput;
  return (
    <Input
      {...same}
      autoComplete="off"
      value={typeof value === 'string' ? value : ''}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
