/** A resource of the catalogue at a version or alias, or a path where that may stand too. */
import { Anchor, SegmentedControl, Select, TextInput } from '@mantine/core';
import type { FieldOf } from '@millrace/flow';
import { useQuery } from '@tanstack/react-query';
import { Upload } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { api } from '../../../data/api.js';
import { Ident } from '../../../ui/ident.js';
import { bytes } from '../../../ui/units.js';
import classes from '../inspector.module.css';
import { usePlace, type ControlProps } from '../place.js';
import { problemsAt, settingPointer } from '../places.js';
import { chosenIn, firstSelector, referenceOf, selectorsOf, versionOf } from '../references.js';
import { usesParameter } from '../settings.js';
import { ParameterControl } from './text.js';

const READ = 200;

export function ResourceControl(props: ControlProps<FieldOf<'resource'>>) {
  const { field, path, value, label } = props;
  const { disabled, set } = usePlace();
  const chosen = chosenIn(value);
  const [way, setWay] = useState<'catalogue' | 'path'>(
    field.orPath && typeof value === 'string' && value !== '' && chosen === undefined ? 'path' : 'catalogue',
  );
  if (usesParameter(value)) return <ParameterControl {...props} />;
  if (!field.orPath) return <Picker {...props} />;
  return (
    <>
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label={`${label}: from where`}
        disabled={disabled}
        value={way}
        data={[
          { value: 'catalogue', label: 'From the catalogue' },
          { value: 'path', label: 'A path' },
        ]}
        onChange={(to) => setWay(to as typeof way)}
        className={classes.ways}
      />
      {way === 'catalogue' ? (
        <Picker {...props} />
      ) : (
        <TextInput
          aria-label={`${label}: path`}
          spellCheck={false}
          disabled={disabled}
          placeholder="data/pump.csv"
          value={chosen === undefined && typeof value === 'string' ? value : ''}
          onChange={(event) => set(path, event.currentTarget.value || undefined, true)}
        />
      )}
    </>
  );
}

function Picker({ path, value, label }: ControlProps<FieldOf<'resource'>>) {
  const { disabled, set, module, problems } = usePlace();
  const { data, error, isPending } = useQuery({
    queryKey: ['catalogue', 'first'],
    queryFn: () => api().catalogue.list({ limit: READ }),
  });
  const items = data?.items ?? [];
  const chosen = chosenIn(value);
  const resource = items.find(({ name }) => name === chosen?.name);
  const names = items.map(({ name }) => name);
  const selectors = resource === undefined ? [] : selectorsOf(resource);
  const selector = chosen?.selector ?? '';
  const wrong = problemsAt(problems, settingPointer(module, path)).length > 0;
  const upload = (
    <Anchor component={Link} href="/catalogue" size="xs" className={classes.upload}>
      <Upload size={12} aria-hidden /> Upload
    </Anchor>
  );
  if (data !== undefined && items.length === 0 && chosen === undefined)
    return (
      <div className={classes.resourceNow}>
        <span>The catalogue is empty.</span> {upload}
      </div>
    );
  return (
    <>
      <div className={classes.resource}>
        <Select
          aria-label={`${label}: resource`}
          searchable
          disabled={disabled}
          placeholder={isPending ? 'Loading' : 'choose a resource'}
          error={wrong}
          data={
            chosen === undefined || chosen.name === '' || names.includes(chosen.name)
              ? names
              : [...names, chosen.name]
          }
          value={chosen?.name ?? null}
          allowDeselect={false}
          nothingFoundMessage="No resource is called so"
          renderOption={({ option }) => (
            <span className={classes.option}>
              <span className={classes.optionName}>{option.value}</span>
              <span className={classes.meta}>{items.find(({ name }) => name === option.value)?.kind}</span>
            </span>
          )}
          onChange={(name) => {
            const next = items.find((one) => one.name === name);
            if (next !== undefined)
              set(path, referenceOf({ name: next.name, selector: firstSelector(next) }));
          }}
        />
        <Select
          aria-label={`${label}: version or alias`}
          searchable
          disabled={disabled || chosen === undefined}
          placeholder="version"
          error={wrong}
          data={[...new Set([...selectors.map((one) => one.value), ...(selector === '' ? [] : [selector])])]}
          renderOption={({ option }) =>
            selectors.find((one) => one.value === option.value)?.label ?? option.value
          }
          value={selector === '' ? null : selector}
          allowDeselect={false}
          comboboxProps={{ width: 'max-content', position: 'bottom-end' }}
          onChange={(to) => chosen && to !== null && set(path, referenceOf({ ...chosen, selector: to }))}
        />
      </div>
      {error && <p className={classes.wrong}>The catalogue could not be read: {error.message}</p>}
      <div className={classes.resourceNow}>
        {resource && chosen && <Now name={resource.name} version={versionOf(selector, resource.aliases)} />}
        <span className={classes.spring} />
        {upload}
      </div>
    </>
  );
}

/** What it would be locked to if it were published now. */
function Now({ name, version }: { name: string; version: number | undefined }) {
  const { data } = useQuery({
    queryKey: ['catalogue', 'version', name, version],
    enabled: version !== undefined,
    queryFn: () => api().catalogue.version(name, version!),
  });
  if (version === undefined) return null;
  return (
    <>
      <Link
        href={`/catalogue/${encodeURIComponent(name)}`}
        title={`Locked to version ${version} when published now`}
      >
        now version {version}
      </Link>
      {data && (
        <>
          <span>{data.kind}</span>
          <span>{bytes(data.size)}</span>
          <Ident id={data.digest} label="digest" />
          {data.state !== 'ready' && <strong className={classes.wrong}>{data.state}</strong>}
        </>
      )}
    </>
  );
}
