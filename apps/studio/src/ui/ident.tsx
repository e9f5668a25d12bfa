/** An id or digest: its last six characters, the whole on hover, copied on click. */
import { CopyButton, Tooltip, UnstyledButton } from '@mantine/core';

const SHOWN = 6;

export function Ident({ id, label = 'id' }: { id: string; label?: string }) {
  return (
    <CopyButton value={id} timeout={1_500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : id}>
          <UnstyledButton
            component="span"
            role="button"
            tabIndex={0}
            aria-label={`${id.slice(-SHOWN)}, copy ${label} ${id}`}
            onClick={copy}
            onKeyDown={(event) => event.key === 'Enter' && copy()}
            style={{ fontFamily: 'var(--mono)', fontSize: 12, color: 'var(--text-3)' }}
          >
            {id.slice(-SHOWN)}
          </UnstyledButton>
        </Tooltip>
      )}
    </CopyButton>
  );
}
