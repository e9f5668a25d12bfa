/** Step one: a flow, one of its versions, and a value for each parameter that it declares. */
import { Anchor, Group, NumberInput, PasswordInput, Select, Text, TextInput } from '@mantine/core';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { FlowParameter, FlowVersion, Page, ParameterValue } from '@millrace/schemas';
import { Link } from 'wouter';
import { api } from '../../data/api.js';
import { Show } from '../../ui/page.js';
import { relative, useNow } from '../../ui/when.js';
import classes from './deploy.module.css';
import { textOf } from './values.js';

interface WhatStepProps {
  flow: string | undefined;
  onFlow(flow: string | undefined): void;
  version: number | undefined;
  versions: UseQueryResult<Page<FlowVersion>>;
  onVersion(version: number): void;
  declared: Readonly<Record<string, FlowParameter>>;
  /** What was typed, by name. */
  texts: Readonly<Record<string, string>>;
  /** Of the last deployment to the group. */
  given: Readonly<Record<string, ParameterValue>>;
  wrong: ReadonlyMap<string, string>;
  onText(name: string, text: string): void;
}

export function WhatStep(props: WhatStepProps) {
  const { flow, onFlow, version, versions, onVersion, declared } = props;
  const now = useNow();
  const flows = useQuery({
    queryKey: ['flows', 'list', 'sheet'],
    queryFn: () => api().flows.list({ limit: 200 }),
  });
  const items = versions.data?.items ?? [];
  const chosen = items.find((one) => one.version === version);
  const names = Object.entries(declared);
  return (
    <Show of={flows} lines={1}>
      {({ items: all }) => (
        <>
          <Group gap="sm" align="flex-start" grow>
            <Select
              label="Flow"
              placeholder="Choose a flow"
              searchable
              data={[...new Set([...all.map(({ name }) => name), ...(flow ? [flow] : [])])]}
              value={flow ?? null}
              onChange={(to) => onFlow(to ?? undefined)}
              nothingFoundMessage="No flow is called so"
            />
            <Select
              label="Version"
              placeholder={flow === undefined ? 'First choose a flow' : 'None is published'}
              disabled={items.length === 0}
              data={items.map((one) => ({
                value: String(one.version),
                label: `@${one.version}${one.note ? ` ${one.note}` : ''}`,
              }))}
              value={version === undefined ? null : String(version)}
              onChange={(to) => to !== null && onVersion(Number(to))}
              allowDeselect={false}
              searchable
              error={versions.error?.message}
            />
          </Group>
          {all.length === 0 && (
            <p className={classes.note}>
              There is no flow yet. <Link href="/flows?new">Draw one</Link>, publish it, and come back.
            </p>
          )}
          {chosen && (
            <p className={classes.note}>
              {chosen.note ?? 'Published without a note'}, {relative(Date.parse(chosen.publishedAt), now)}.{' '}
              <Anchor
                component={Link}
                inherit
                href={`/flows/${encodeURIComponent(flow!)}/versions?to=${chosen.version}`}
              >
                What changed
              </Anchor>
            </p>
          )}
          {names.length > 0 && (
            <div className={classes.parameters} role="group" aria-label="Parameters">
              {names.map(([name, parameter]) => (
                <Parameter key={name} name={name} of={parameter} {...props} />
              ))}
            </div>
          )}
          {chosen && names.length === 0 && (
            <Text size="xs" c="dimmed">
              This version has no parameters.
            </Text>
          )}
        </>
      )}
    </Show>
  );
}

interface ParameterProps extends Pick<WhatStepProps, 'texts' | 'given' | 'wrong' | 'onText'> {
  name: string;
  of: FlowParameter;
}

function Parameter({ name, of, texts, given, wrong, onText }: ParameterProps) {
  const value = texts[name] ?? textOf(of, given[name]);
  const set = (text: string) => onText(name, text);
  const common = {
    label: name,
    description: of.description,
    error: wrong.get(name),
    placeholder: of.default === undefined ? 'From the group or the node' : `${of.default} (default)`,
    inputWrapperOrder: ['label', 'input', 'error', 'description'] as (
      'label' | 'input' | 'error' | 'description'
    )[],
  };
  if (of.type === 'boolean')
    return (
      <Select
        {...common}
        data={['true', 'false']}
        value={value === '' ? null : value}
        onChange={(to) => set(to ?? '')}
        clearable
        clearButtonProps={{ 'aria-label': `Default of ${name}` }}
      />
    );
  if (of.type === 'secret')
    return (
      <PasswordInput
        {...common}
        autoComplete="off"
        value={value}
        onChange={(event) => set(event.currentTarget.value)}
      />
    );
  if (of.type === 'string')
    return <TextInput {...common} value={value} onChange={(event) => set(event.currentTarget.value)} />;
  return (
    <NumberInput
      {...common}
      hideControls
      allowDecimal={of.type === 'number'}
      value={value}
      onChange={(to) => set(String(to))}
    />
  );
}
