/** The control of any field, handed down from the form: a form contains itself, its files need not. */
import type { FormField } from '@millrace/flow';
import { createContext, use, type ComponentType } from 'react';
import type { ControlProps } from '../place.js';

export const AnyControl = createContext<ComponentType<ControlProps<FormField>> | undefined>(undefined);

export function Nested(props: ControlProps<FormField>) {
  const Control = use(AnyControl);
  if (Control === undefined) throw new Error('a form stands inside AnyControl');
  return <Control {...props} />;
}
