/** What a new flow begins with: nothing, an example, or a file. Pure. */
import { FLOW_LIMITS, readFlow, rewriteFlow } from '@millrace/flow';
import { NAME } from '@millrace/schemas';

export type Beginning = 'blank' | 'example' | 'file';

/** A simulated pump that breaks now and then, so that there is something to see within a minute. */
const EXAMPLE = `# A pump that is only simulated: its pressure is cleaned, averaged and watched.
apiVersion: millrace/v1
kind: Flow
metadata:
  name: example
  description: Watches the pressure of a simulated pump.

modules:
  pump:
    type: source.simulator
    settings:
      signals:
        - { name: temperature, shape: sine, hz: 10, offset: 60, amplitude: 5, noise: 0.2 }
        - { name: pressure, shape: fault, hz: 10, offset: 4, amplitude: 3, noise: 0.05 }
  clean:
    type: clean.range
    from: [pump]
    # A sensor of 16 bar says nothing true above it.
    settings: { field: pressure, min: 0, max: 16, action: 'null' }
  high:
    type: route.alert
    from: [clean]
    settings:
      when: pressure > 6
      clearWhen: pressure < 5
      severity: high
      message: The pressure is {pressure} bar
  alerts:
    type: sink.director
    from: [high]
    settings: { channel: alert }
`;

const BLANK = `apiVersion: millrace/v1
kind: Flow
metadata:
  name: blank
modules: {}
`;

export const textOf = (beginning: Exclude<Beginning, 'file'>, name: string): string =>
  named(beginning === 'blank' ? BLANK : EXAMPLE, name);

/** The same text under another name; one that cannot be read stays, and the editor says what is wrong. */
export function named(text: string, name: string): string {
  const { document } = readFlow(text);
  if (document === undefined || document.metadata.name === name) return text;
  return rewriteFlow(text, { ...document, metadata: { ...document.metadata, name } });
}

/** The name that a text gives itself. */
export const nameIn = (text: string): string | undefined => readFlow(text).document?.metadata.name;

export function wrongName(name: string, taken: ReadonlySet<string>): string | undefined {
  if (name === '') return undefined;
  if (taken.has(name)) return `There is a flow ${name} already. Open it, or choose another name.`;
  if (NAME.test(name)) return undefined;
  if (name.length > 128) return 'A name has at most 128 characters.';
  return 'A name stands in addresses: letters a to z, digits, dots, dashes and underscores, with a letter or digit at both ends. The description may be in any script.';
}

export function wrongFile({ name, size }: { name: string; size: number }): string | undefined {
  if (size > FLOW_LIMITS.bytes)
    return `${name} is larger than a flow may be (4 MiB). Data and models belong into the catalogue.`;
  return undefined;
}
