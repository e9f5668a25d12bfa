/**
 * Parameters: which value each has, and the settings with the values in place of `${name}`.
 *
 * Guarantee: a value has the type that the document declares, a later layer wins, and neither the value of a
 * secret nor a text that holds one appears in a problem. `$${` writes a plain `${`.
 */
import {
  Failure,
  PARAMETER_NAME,
  type FlowDocument,
  type FlowParameter,
  type ProblemPlace,
} from '@millrace/schemas';
import { didYouMean } from './nearest.js';
import { mapStrings, pointerOf } from './pointer.js';

export type ParameterValue = string | number | boolean;

/** Values from one place. The order is: document default, group, node, deployment. */
export interface ParameterLayer {
  /** For sentences, such as `the group presses`. */
  from: string;
  values: Readonly<Record<string, ParameterValue | undefined>>;
  /** True when the layer also serves other flows, so that names this flow does not know are no problem. */
  serves?: 'this' | 'many';
}

const PLACEHOLDER = /\$(\$?)\{([^{}]*)\}/g;

/** The value of every parameter after all layers; those without one are missing here and a problem. */
export function parameterValues(
  document: FlowDocument,
  layers: readonly ParameterLayer[] = [],
): { values: Map<string, ParameterValue>; problems: ProblemPlace[] } {
  const problems: ProblemPlace[] = [];
  const say = (name: string, detail: string): void => {
    problems.push({ code: 'flows.parameter', pointer: pointerOf(['parameters', name]), field: name, detail });
  };
  const declared = document.parameters ?? {};
  const values = new Map<string, ParameterValue>();
  for (const [name, parameter] of Object.entries(declared)) {
    const found = layers.findLast((layer) => own(layer.values, name) !== undefined);
    const value = found === undefined ? parameter.default : own(found.values, name);
    const from = found?.from ?? 'the flow';
    if (value === undefined)
      say(
        name,
        `The parameter "${name}" has no value. Give it a default in the flow, or a value when deploying.`,
      );
    else if (!fits(parameter, value))
      say(name, `The parameter "${name}" is ${article(parameter.type)}, and the value from ${from} is none.`);
    else values.set(name, value);
  }
  for (const layer of layers) {
    if (layer.serves === 'many') continue;
    for (const name of Object.keys(layer.values))
      if (!Object.hasOwn(declared, name))
        say(
          name,
          `The flow has no parameter "${name}", which ${layer.from} sets.` +
            didYouMean(name, Object.keys(declared)),
        );
  }
  return { values, problems };
}

/** One place of the settings that names a parameter. */
export interface ParameterUse {
  module: string;
  pointer: string;
  name: string;
}

/**
 * Puts values into the settings of all modules. A text that is one `${name}` and nothing else becomes the
 * typed value; a parameter without a value stays as it is written. Unknown parameters are problems.
 */
export function substitute(
  document: FlowDocument,
  values: ReadonlyMap<string, ParameterValue>,
): { document: FlowDocument; uses: ParameterUse[]; problems: ProblemPlace[] } {
  const declared = document.parameters ?? {};
  const problems: ProblemPlace[] = [];
  const uses: ParameterUse[] = [];
  const modules = Object.entries(document.modules).map(([module, declaration]) => {
    if (declaration.settings === undefined) return [module, declaration];
    const settings = mapStrings(
      declaration.settings,
      (text, path) => {
        if (!text.includes('${')) return text;
        const pointer = pointerOf(path);
        const valueOf = (name: string): ParameterValue | undefined => {
          if (Object.hasOwn(declared, name)) {
            uses.push({ module, pointer, name });
            return values.get(name);
          }
          const detail =
            `The flow has no parameter "${name.slice(0, 64)}".` +
            (didYouMean(name, Object.keys(declared)) ||
              ' Declare it under "parameters", or write "$${" for a plain "${".');
          problems.push({ code: 'flows.parameter', module, pointer, detail });
          return undefined;
        };
        const whole = /^\$\{([^{}]*)\}$/.exec(text)?.[1];
        if (whole !== undefined) return valueOf(whole.trim()) ?? text;
        return text.replace(PLACEHOLDER, (all, plain: string, name: string) =>
          plain === '' ? String(valueOf(name.trim()) ?? all) : all.slice(1),
        );
      },
      ['modules', module, 'settings'],
    );
    return [module, { ...declaration, settings }];
  });
  return { document: { ...document, modules: Object.fromEntries(modules) }, uses, problems };
}

/**
 * The document as it runs: values in place, no parameters left. Throws a Failure that names every parameter
 * that is missing, unknown or of the wrong type. It may hold secrets: keep it out of logs and reports.
 */
export function fillParameters(
  document: FlowDocument,
  given: Readonly<Record<string, ParameterValue>> | readonly ParameterLayer[] = [],
): FlowDocument {
  const layers = isLayers(given) ? given : [{ from: 'the deployment', values: given }];
  const { values, problems } = parameterValues(document, layers);
  const filled = substitute(document, values);
  const all = [...problems, ...filled.problems];
  if (all.length > 0)
    throw new Failure('flows.parameter', all.map((problem) => problem.detail).join(' '), { errors: all });
  const { parameters: _parameters, ...rest } = filled.document;
  return rest;
}

function isLayers(given: object): given is readonly ParameterLayer[] {
  return Array.isArray(given);
}

/** What the declarations themselves get wrong. */
export function parameterProblems(document: FlowDocument): ProblemPlace[] {
  return Object.entries(document.parameters ?? {}).flatMap(([name, parameter]) => {
    const say = (detail: string): ProblemPlace[] => [
      { code: 'flows.parameter', pointer: pointerOf(['parameters', name]), field: name, detail },
    ];
    if (!PARAMETER_NAME.test(name))
      return say(
        `The parameter "${name}" is misnamed: a name is letters, digits and underscores, a letter first.`,
      );
    if (parameter.default === undefined) return [];
    if (parameter.type === 'secret')
      return say(
        `The secret "${name}" has a default, which every reader of the flow sees. Give it when deploying.`,
      );
    if (namesResource(parameter.default))
      return say(
        `The parameter "${name}" names a resource, which a version could not lock. Name it in the module itself.`,
      );
    return fits(parameter, parameter.default)
      ? []
      : say(`The parameter "${name}" is ${article(parameter.type)}, and its default is none.`);
  });
}

/** A value from a command line or a form, where all is text; undefined when it is none of that type. */
export function parameterFromText(parameter: FlowParameter, text: string): ParameterValue | undefined {
  if (parameter.type === 'string' || parameter.type === 'secret') return text;
  if (parameter.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  const value = text.trim() === '' ? NaN : Number(text);
  return fits(parameter, value) ? value : undefined;
}

function fits({ type }: FlowParameter, value: ParameterValue): boolean {
  if (type === 'boolean') return typeof value === 'boolean';
  if (type === 'string') return typeof value === 'string' && !namesResource(value);
  if (type === 'secret') return typeof value === 'string';
  return type === 'integer' ? Number.isSafeInteger(value) : Number.isFinite(value);
}

function namesResource(value: ParameterValue): boolean {
  return typeof value === 'string' && value.startsWith('resource:');
}

function article(type: FlowParameter['type']): string {
  const names = {
    string: 'a text that names no resource',
    secret: 'a secret text',
    number: 'a number',
    integer: 'a whole number',
    boolean: 'true or false',
  };
  return names[type];
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
