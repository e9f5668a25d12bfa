/** The keys of the editor. */
import { Kbd, Modal, Table } from '@mantine/core';

const KEYS: readonly (readonly [keys: string, does: string])[] = [
  ['Ctrl Z', 'Undo'],
  ['Ctrl Shift Z', 'Redo'],
  ['Ctrl C, Ctrl X, Ctrl V', 'Copy, cut and paste modules, also between flows'],
  ['Ctrl A', 'Select all modules'],
  ['Delete', 'Delete what is selected'],
  ['Escape', 'Select nothing'],
  ['Arrow keys', 'Move what is selected'],
  ['Tab, Enter', 'Go from module to module, and select one'],
  ['Shift and drag', 'Select an area'],
  ['C', 'Connect the selected module from another one'],
  ['/', 'Search the palette; Enter adds the first module that is found'],
  ['F', 'Fit the flow into sight'],
  ['L', 'Lay out the flow'],
  ['+ and -', 'Zoom'],
  ['?', 'These keys'],
];

export function KeysHelp({ opened, onClose }: { opened: boolean; onClose(): void }) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Keys of the editor"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Table withRowBorders={false} verticalSpacing={4}>
        <Table.Tbody>
          {KEYS.map(([keys, does]) => (
            <Table.Tr key={keys}>
              <Table.Td style={{ whiteSpace: 'nowrap' }}>
                <Kbd size="xs">{keys}</Kbd>
              </Table.Td>
              <Table.Td>{does}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
