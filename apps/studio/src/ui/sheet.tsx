/** Something that is done beside the page: comes from the right, full height. */
import { Drawer } from '@mantine/core';
import type { ReactNode } from 'react';

interface SheetProps {
  opened: boolean;
  onClose(): void;
  title: string;
  /** Pixels. */
  width?: number;
  children: ReactNode;
}

export function Sheet({ opened, onClose, title, width = 560, children }: SheetProps) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      title={title}
      position="right"
      size={width}
      padding="md"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {children}
    </Drawer>
  );
}
