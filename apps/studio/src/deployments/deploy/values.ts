/** Values of parameters as a form types them. An empty text is no value: the default, group or node says it. Pure. */
import { parameterFromText } from '@millrace/flow';
import type { Deployment, FlowParameter, ParameterValue } from '@millrace/schemas';

type Declared = Readonly<Record<string, FlowParameter>>;

/** A secret is never shown again, also not as stars. */
export const textOf = (parameter: FlowParameter, value: ParameterValue | undefined): string =>
  value === undefined || parameter.type === 'secret' ? '' : String(value);

/** `given`: what the last deployment to the group was given, which holds until something else is typed. */
export function valuesOf(
  declared: Declared,
  given: Readonly<Record<string, ParameterValue>>,
  texts: Readonly<Record<string, string>>,
): { values: Record<string, ParameterValue>; wrong: Map<string, string> } {
  const values: Record<string, ParameterValue> = {};
  const wrong = new Map<string, string>();
  for (const [name, parameter] of Object.entries(declared)) {
    const text = texts[name] ?? textOf(parameter, given[name]);
    if (text === '') continue;
    const value = parameterFromText(parameter, text);
    if (value === undefined) wrong.set(name, `This must be ${KINDS[parameter.type]}`);
    else values[name] = value;
  }
  return { values, wrong };
}

/** What the newest deployment was given that went well; what failed may have been given the wrong values. */
export function lastGiven(
  earlier: readonly Pick<Deployment, 'state' | 'parameters'>[],
): Readonly<Record<string, ParameterValue>> {
  const well = earlier.find(({ state }) => state === 'succeeded' || state === 'partial');
  return (well ?? earlier[0])?.parameters ?? {};
}

const KINDS: Readonly<Record<FlowParameter['type'], string>> = {
  string: 'a text that names no resource',
  secret: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
};
