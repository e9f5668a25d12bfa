/** Who did something, as people know them: actors come as `user:ID`, `token:ID`, `node:ID` or `system`. */
import { useQuery } from '@tanstack/react-query';
import { api } from './api.js';
import { useMay, useMe } from './me.js';

const READ = 200;
const SHOWN = 6;

/** Names what it can: who may not read people and tokens sees the last characters of the id. */
export function useActors(): (actor: string) => string {
  const me = useMe();
  const may = useMay('access.read');
  const names = useQuery({
    queryKey: ['actors'],
    enabled: may,
    staleTime: 60_000,
    queryFn: async () => {
      const [users, tokens] = await Promise.all([
        api().access.users({ limit: READ }),
        api().access.tokens({ limit: READ }),
      ]);
      return new Map<string, string>([
        ...users.items.map(({ id, name }) => [`user:${id}`, name] as const),
        ...tokens.items.map(({ id, name }) => [`token:${id}`, `token ${name}`] as const),
      ]);
    },
  }).data;
  return (actor) => {
    if (actor === 'system') return 'Millrace';
    const known = names?.get(actor);
    if (known !== undefined) return known;
    const [kind, id = ''] = actor.split(':');
    if (me !== undefined && id === me.id) return me.name;
    return id === '' ? actor : `${kind} …${id.slice(-SHOWN)}`;
  };
}
