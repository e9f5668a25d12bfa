/** What is around every page: the rail of rooms, and a line that says where one is and whether events arrive. */
import { ActionIcon, Kbd, Menu, Tooltip, UnstyledButton, useMantineColorScheme } from '@mantine/core';
import { CircleUser, Moon, Search, Sun } from 'lucide-react';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { useHotkeys } from '@mantine/hooks';
import { Link, useLocation } from 'wouter';
import { api } from '../data/api.js';
import { useConnection } from '../data/live.js';
import { useMe } from '../data/me.js';
import { usePlaceNames } from '../data/place-names.js';
import { session } from '../data/session.js';
import classes from './frame.module.css';
import { ROOMS } from './rooms.js';
import { When } from './when.js';

const Finder = lazy(() => import('./finder.js'));

export function Frame({ children }: { children: ReactNode }) {
  const [finding, setFinding] = useState(false);
  // Loaded with the first use.
  const [found, setFound] = useState(false);
  const find = () => {
    setFound(true);
    setFinding(true);
  };
  useHotkeys([['mod+K', find]], []);
  return (
    <div className={classes.frame}>
      <a href="#content" className={classes.skip}>
        Skip to the content
      </a>
      <Rail />
      <header className={classes.top}>
        <Where />
        <UnstyledButton className={classes.search} onClick={find}>
          <Search size={14} aria-hidden />
          <span>Find or do anything</span>
          <Kbd size="xs">Ctrl K</Kbd>
        </UnstyledButton>
        <LiveDot />
        <Person />
      </header>
      <main id="content" className={classes.content} tabIndex={-1}>
        {children}
      </main>
      {found && (
        <Suspense>
          <Finder opened={finding} onClose={() => setFinding(false)} />
        </Suspense>
      )}
    </div>
  );
}

function Rail() {
  const [path] = useLocation();
  return (
    <nav className={classes.rail} aria-label="Rooms">
      <img src="/icon.svg" alt="Millrace" width={28} height={28} className={classes.mark} />
      {ROOMS.map(({ path: to, word, icon: Icon }) => {
        const here = to === '/' ? path === '/' : path === to || path.startsWith(`${to}/`);
        return (
          <Tooltip key={to} label={word} position="right" openDelay={0}>
            <Link
              href={to}
              className={classes.room}
              aria-current={here ? 'page' : undefined}
              aria-label={word}
            >
              <Icon size={20} aria-hidden />
            </Link>
          </Tooltip>
        );
      })}
    </nav>
  );
}

/** An address has ids and words of ours in it; shown are the names of the pages that it leads through. */
function Where() {
  const [path] = useLocation();
  const me = useMe();
  const names = usePlaceNames();
  const parts = path.split('/').filter(Boolean);
  const crumbs = parts.flatMap((part, index) => {
    const to = `/${parts.slice(0, index + 1).join('/')}`;
    const name = index === 0 ? ROOMS.find((room) => room.path === to)?.word : names.get(to);
    // What was never shown by itself, as `flows` in the address of a live view, is no place to go back to.
    return name === undefined && index < parts.length - 1 ? [] : [{ to, name: name ?? decoded(part) }];
  });
  return (
    <nav aria-label="Where you are" className={classes.where}>
      <span className={classes.organization}>{me?.organization.name ?? 'Millrace'}</span>
      {/* A tab has the name of its page. */}
      {crumbs
        .filter(({ name }, index) => name !== crumbs[index - 1]?.name)
        .map(({ to, name }) => (
          <span key={to} className={classes.crumb}>
            <span aria-hidden> / </span>
            {to === path ? <span aria-current="page">{name}</span> : <Link href={to}>{name}</Link>}
          </span>
        ))}
    </nav>
  );
}

function LiveDot() {
  const { state, since, detail } = useConnection();
  const live = state === 'live';
  return (
    <Tooltip
      multiline
      maw={320}
      label={
        live
          ? 'Events arrive as they happen'
          : `Reconnecting${detail ? `: ${detail}` : ''}. What you see may be old.`
      }
    >
      <span className={classes.live} data-live={live || undefined} role="status">
        <span className={classes.dot} aria-hidden />
        {live ? (
          'Live'
        ) : (
          <span>
            Reconnecting, cut <When at={since} />
          </span>
        )}
      </span>
    </Tooltip>
  );
}

function Person() {
  const me = useMe();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const dark = colorScheme === 'dark';
  const leave = async () => {
    // The session ends here even when the director cannot be reached.
    await api()
      .access.signOut()
      .catch(() => undefined);
    session.end();
  };
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon aria-label="You" size="lg">
          <CircleUser size={20} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {me?.name}
          {me?.role && `, ${me.role}`}
        </Menu.Label>
        <Menu.Item
          leftSection={dark ? <Sun size={14} /> : <Moon size={14} />}
          onClick={() => setColorScheme(dark ? 'light' : 'dark')}
        >
          {dark ? 'Light' : 'Dark'} theme
        </Menu.Item>
        <Menu.Item component="a" href="/v1/docs" target="_blank">
          REST API
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => void leave()}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
