/** A mistake of the studio's own breaks the page that has it and nothing around it. */
import { Button, Code, Stack, Text } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import { Empty } from './page.js';

export class Safe extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Empty
        title="This page could not be shown"
        action={
          <Stack gap="xs" align="center">
            <Button onClick={() => location.reload()}>Load it again</Button>
            <Code block>{error.message}</Code>
          </Stack>
        }
      >
        <Text>
          What you drew is kept. A new version of the director may need the page to be loaded again.
        </Text>
      </Empty>
    );
  }
}
