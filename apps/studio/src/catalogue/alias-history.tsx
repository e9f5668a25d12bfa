/** Every move of an alias, newest first: from where to where, by whom and by which promotion. */
import { Button, Table } from '@mantine/core';
import type { Alias, AliasMoved } from '@millrace/schemas';
import { Link } from 'wouter';
import { useActors } from '../data/actors.js';
import { api } from '../data/api.js';
import { usePages } from '../data/pages.js';
import { addressOf } from '../deployments/promotions/words.js';
import { Loading, WentWrong } from '../ui/page.js';
import { When } from '../ui/when.js';
import { Wide } from '../ui/wide.js';

const READ = 50;
/** Narrower its notes would be columns of words. */
const MIN_PX = 560;

export function AliasHistory({ name, alias: { alias } }: { name: string; alias: Alias }) {
  const pages = usePages<AliasMoved>(['catalogue', 'alias', name, alias], (cursor) =>
    api().catalogue.aliasHistory(name, alias, { limit: READ, cursor }),
  );
  if (pages.loading) return <Loading lines={2} />;
  if (pages.error && pages.items.length === 0) return <WentWrong error={pages.error} retry={pages.retry} />;
  return (
    <>
      <Wide label={`Moves of ${alias}`}>
        <Moves name={name} alias={alias} moves={pages.items} />
      </Wide>
      {pages.more && (
        <Button variant="subtle" fullWidth onClick={pages.readMore}>
          Older moves
        </Button>
      )}
    </>
  );
}

interface MovesProps {
  name: string;
  alias: string;
  moves: readonly AliasMoved[];
}

function Moves({ name, alias, moves }: MovesProps) {
  const nameOf = useActors();
  const at = (version: number) => (
    <Link href={`/catalogue/${encodeURIComponent(name)}?version=${version}`}>@{version}</Link>
  );
  return (
    <Table fz="sm" verticalSpacing={4} miw={MIN_PX} aria-label={`History of ${alias}`}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>From</Table.Th>
          <Table.Th>To</Table.Th>
          <Table.Th>When</Table.Th>
          <Table.Th>By</Table.Th>
          <Table.Th>How</Table.Th>
          <Table.Th>Note</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {moves.map(({ revision, from, to, movedAt, movedBy, promotion, note }) => (
          <Table.Tr key={revision}>
            <Table.Td>{from === null ? 'new' : at(from)}</Table.Td>
            <Table.Td>{at(to)}</Table.Td>
            <Table.Td>
              <When at={movedAt} />
            </Table.Td>
            <Table.Td title={movedBy}>{nameOf(movedBy)}</Table.Td>
            <Table.Td>
              {promotion === null ? 'by hand' : <Link href={addressOf(promotion)}>Promotion</Link>}
            </Table.Td>
            <Table.Td>{noteOf(note, promotion)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** Its id is behind the link beside it. */
const noteOf = (note: string | null, promotion: string | null): string | null =>
  promotion === null ? note : (note?.replace(`promotion ${promotion} was`, 'the promotion was') ?? null);
