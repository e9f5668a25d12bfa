/** A button of what one may do; who may not sees it disabled, with the reason. */
import { Tooltip } from '@mantine/core';
import type { Permission } from '@millrace/schemas';
import { cloneElement, type ReactElement } from 'react';
import { useMay, useMe } from '../data/me.js';

interface AllowedProps {
  to: Permission;
  /** What it does, shown to who may. */
  hint?: string;
  children: ReactElement<{ disabled?: boolean }>;
}

export function Allowed({ to, hint, children }: AllowedProps) {
  const known = useMe() !== undefined;
  const may = useMay(to);
  if (may && hint === undefined) return children;
  const label = may ? hint : known ? `Your role lacks the permission ${to}` : 'Finding out what you may do';
  return (
    <Tooltip label={label} multiline maw={320}>
      <span>{may ? children : cloneElement(children, { disabled: true })}</span>
    </Tooltip>
  );
}
