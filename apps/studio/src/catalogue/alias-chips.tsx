/** Aliases with the version that each stands at. */
import { Badge, Group } from '@mantine/core';

export function AliasChips({ aliases }: { aliases: Readonly<Record<string, number>> }) {
  return (
    <Group gap={4} wrap="nowrap">
      {Object.entries(aliases).map(([alias, version]) => (
        <Badge key={alias} variant="light" tt="none" fw={500} title={`${alias} is version ${version}`}>
          {alias} @{version}
        </Badge>
      ))}
    </Group>
  );
}
