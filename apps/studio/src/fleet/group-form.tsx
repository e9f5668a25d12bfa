/** A group is made or changed: which nodes by hand or by a selector, who wins, parameters of its flows. */
import { Button, Group as Row, NumberInput, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { NAME, type FlowParameters, type Group } from '@millrace/schemas';
import { useState } from 'react';
import { api } from '../data/api.js';
import { queries } from '../data/queries.js';
import { done } from '../ui/notify.js';
import { WentWrong } from '../ui/page.js';
import { MemberPicker } from './member-picker.js';
import { ParametersForm } from './parameters-form.js';
import { SelectorField } from './selector-field.js';

interface GroupFormProps {
  /** Absent: a new one. */
  group?: Group;
  /** Ids of its members, where they are chosen by hand. */
  members?: readonly { id: string; name: string }[];
  flows?: readonly string[];
  onSaved(group: Group): void;
  onCancel(): void;
}

export function GroupForm({ group, members = [], flows = [], onSaved, onCancel }: GroupFormProps) {
  const [name, setName] = useState(group?.name ?? '');
  const [by, setBy] = useState<'selector' | 'hand'>(group && group.selector === null ? 'hand' : 'selector');
  const [selector, setSelector] = useState(group?.selector ?? '');
  const [chosen, setChosen] = useState([...members]);
  const [priority, setPriority] = useState<string | number>(group?.priority ?? 0);
  const [parameters, setParameters] = useState<FlowParameters>(group?.parameters ?? {});
  const [fits, setFits] = useState(group?.selector !== null);
  const [wrong, setWrong] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const nameWrong = name !== '' && !NAME.test(name);
  const may = name !== '' && !nameWrong && !wrong && (by === 'hand' || (selector.trim() !== '' && fits));
  const save = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const which = by === 'hand' ? { members: chosen.map(({ id }) => id) } : { selector: selector.trim() };
      const body = { name, ...which, priority: Number(priority) || 0, parameters };
      const saved = group
        ? await api().fleet.changeGroup(group.id, body)
        : await api().fleet.createGroup(body);
      void queries.invalidateQueries({ queryKey: ['fleet'] });
      done(`${saved.name} is saved`);
      onSaved(saved);
    } catch (thrown) {
      setError(thrown as Error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Stack gap="md">
      <TextInput
        label="Name"
        placeholder="line-3"
        value={name}
        maxLength={128}
        error={nameWrong && 'Letters, digits, dots, dashes and underscores'}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
      />
      <div>
        <Text size="xs" fw={500} mb={4} id="chosen-by">
          Nodes are chosen
        </Text>
        <SegmentedControl
          aria-labelledby="chosen-by"
          value={by}
          disabled={group !== undefined}
          onChange={(to) => setBy(to as 'selector' | 'hand')}
          data={[
            { value: 'selector', label: 'by a selector' },
            { value: 'hand', label: 'by hand' },
          ]}
        />
      </div>
      {by === 'selector' ? (
        <SelectorField value={selector} onChange={setSelector} onFits={setFits} />
      ) : (
        <MemberPicker chosen={chosen} onChange={setChosen} />
      )}
      <NumberInput
        label="Priority"
        description="Where two groups give a node the same flow, the higher priority wins."
        min={-1_000}
        max={1_000}
        allowDecimal={false}
        value={priority}
        onChange={setPriority}
        maw={360}
      />
      <div>
        <Text size="xs" fw={500} mb={4}>
          Parameters of flows in this group
        </Text>
        <ParametersForm value={parameters} onChange={setParameters} flows={flows} onWrong={setWrong} />
      </div>
      {error && <WentWrong error={error} />}
      <Row justify="flex-end">
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button disabled={!may} loading={busy} onClick={() => void save()}>
          {group ? 'Save' : 'Make the group'}
        </Button>
      </Row>
    </Stack>
  );
}
