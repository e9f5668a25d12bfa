/** Below the canvas: what is wrong, what passes, a test run, and the text. */
import { ActionIcon, Badge, Tabs } from '@mantine/core';
import { ChevronDown, ChevronUp } from 'lucide-react';
import type { ReactNode } from 'react';
import classes from './editor.module.css';

export const DRAWERS = ['problems', 'data', 'test', 'yaml'] as const;
export type DrawerTab = (typeof DRAWERS)[number];

const WORDS: Readonly<Record<DrawerTab, string>> = {
  problems: 'Problems',
  data: 'Data',
  test: 'Test',
  yaml: 'YAML',
};

interface DrawerProps {
  tab: DrawerTab | undefined;
  onTab(tab: DrawerTab | undefined): void;
  tall: boolean;
  onTall(tall: boolean): void;
  problems: number;
  /** Only the tab that is open is drawn; a test goes on in the background. */
  children: ReactNode;
}

export function Drawer({ tab, onTab, tall, onTall, problems, children }: DrawerProps) {
  return (
    <section
      className={classes.drawer}
      data-open={tab !== undefined || undefined}
      data-tall={tall || undefined}
      aria-label="Drawer"
    >
      <div className={classes.drawerHead}>
        <Tabs
          value={tab ?? null}
          allowTabDeactivation
          onChange={(value) => onTab((value ?? undefined) as DrawerTab | undefined)}
          variant="default"
        >
          <Tabs.List aria-label="Drawer" className={classes.tabs}>
            {DRAWERS.map((one) => (
              <Tabs.Tab
                key={one}
                value={one}
                aria-controls="drawer-panel"
                rightSection={
                  one === 'problems' &&
                  problems > 0 && (
                    <Badge size="sm" className={classes.count} aria-label={`${problems} problems`}>
                      {problems}
                    </Badge>
                  )
                }
              >
                {WORDS[one]}
              </Tabs.Tab>
            ))}
          </Tabs.List>
        </Tabs>
        {tab !== undefined && (
          <>
            <ActionIcon
              aria-label={tall ? 'Make the drawer lower' : 'Make the drawer higher'}
              onClick={() => onTall(!tall)}
            >
              {tall ? <ChevronDown size={16} /> : <ChevronUp size={16} />}
            </ActionIcon>
          </>
        )}
      </div>
      <div
        id="drawer-panel"
        role="tabpanel"
        aria-label={tab === undefined ? undefined : WORDS[tab]}
        className={classes.drawerBody}
        hidden={tab === undefined}
      >
        {children}
      </div>
    </section>
  );
}
