/** The control that fits a field; a value that no control of its kind can show is edited as JSON. */
import type { FormField } from '@millrace/flow';
import type { ControlProps } from '../place.js';
import { isRecord, usesParameter } from '../settings.js';
import { BooleanControl, ChoiceControl } from './choice.js';
import { ExpressionControl } from './expression.js';
import { JsonControl } from './json.js';
import { ListControl } from './list.js';
import { FieldNameControl } from './field-name.js';
import { NumberControl } from './number.js';
import { ObjectControl, TupleControl } from './object.js';
import { RecordControl } from './record.js';
import { ResourceControl } from './resource.js';
import { ParameterControl, TextControl } from './text.js';
import { UnionControl } from './union.js';

const TEXTS: readonly FormField['kind'][] = ['text', 'field', 'expression', 'resource', 'union', 'free'];

export function Control(props: ControlProps<FormField>) {
  const { field, value } = props;
  if (usesParameter(value) && !TEXTS.includes(field.kind)) return <ParameterControl {...props} />;
  if (value !== undefined && !fits(field, value)) return <JsonControl {...props} />;
  switch (field.kind) {
    case 'text':
      return <TextControl {...props} field={field} />;
    case 'field':
      return <FieldNameControl {...props} field={field} />;
    case 'expression':
      return <ExpressionControl {...props} field={field} />;
    case 'resource':
      return <ResourceControl {...props} field={field} />;
    case 'number':
    case 'integer':
    case 'duration':
      return <NumberControl {...props} field={field} />;
    case 'boolean':
      return <BooleanControl {...props} field={field} />;
    case 'choice':
      return <ChoiceControl {...props} field={field} />;
    case 'list':
      return <ListControl {...props} field={field} />;
    case 'tuple':
      return <TupleControl {...props} field={field} />;
    case 'object':
      return <ObjectControl {...props} field={field} />;
    case 'record':
      return <RecordControl {...props} field={field} />;
    case 'union':
      return <UnionControl {...props} field={field} />;
    case 'free':
      return <JsonControl {...props} />;
  }
}

/** Whether the control of the kind can show it, right or wrong. */
function fits({ kind }: FormField, value: unknown): boolean {
  if (kind === 'list' || kind === 'tuple') return Array.isArray(value);
  if (kind === 'object' || kind === 'record') return isRecord(value);
  if (kind === 'union' || kind === 'free') return true;
  if (kind === 'boolean') return typeof value === 'boolean';
  return typeof value !== 'object' || value === null;
}
