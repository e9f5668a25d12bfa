/**
 * The director's own OpenAPI document as a list of routes, for tests that go through all of them.
 *
 * Guarantee: what is asked here comes from the served document, so a new route is in every matrix at once;
 * where a matrix does not know what to do with it, that test fails.
 */
import { z } from 'zod';
import type { TestDirector } from './director.js';

export type Json = Record<string, unknown>;

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Json;
}

export interface Route {
  /** `GET /v1/nodes/{id}`. */
  name: string;
  method: string;
  path: string;
  parameters: Parameter[];
  body?: Json;
  /** Schema of an answer by status; null: an answer without JSON. */
  replies: Map<number, Json | null>;
  /** Without a credential. */
  open: boolean;
  /** Answers with events for as long as somebody listens. */
  stream: boolean;
}

export interface Api {
  routes: Route[];
  components: Record<string, Json>;
  /** What does not fit the document in an answer, in words; nothing is wrong: []. */
  faults(route: Route, status: number, body: unknown): string[];
}

interface Content {
  content?: Record<string, { schema: Json }>;
}
interface Operation {
  parameters?: Parameter[];
  requestBody?: Content;
  responses: Record<string, Content>;
  security?: unknown;
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json> };
}

export async function readApi(t: TestDirector): Promise<Api> {
  const { body } = await t.call<Document>('GET', '/v1/openapi.json', undefined, { token: null });
  const components = body.components.schemas;
  const routes = Object.entries(body.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => routeOf(method.toUpperCase(), path, operation)),
  );
  const known = new Map<Json, z.ZodType>();
  const schemaOf = (schema: Json) => {
    const there = known.get(schema) ?? strict(schema, components);
    known.set(schema, there);
    return there;
  };
  const faults: Api['faults'] = (route, status, answer) => {
    const failed = status >= 400;
    if (!failed && !route.replies.has(status)) return [`${route.name} answers ${status} and does not say so`];
    const schema = failed ? { $ref: '#/components/schemas/Problem' } : route.replies.get(status);
    if (!schema) return answer === '' ? [] : [`${route.name} ${status} has a body and does not say so`];
    const issues = schemaOf(failed ? (components.Problem as Json) : schema).safeParse(answer).error?.issues;
    return (issues ?? []).map((one) => `${route.name} ${status} /${one.path.join('/')}: ${one.message}`);
  };
  return { routes, components, faults };
}

function routeOf(method: string, path: string, operation: Operation): Route {
  const json = ({ content = {} }: Content) =>
    Object.entries(content).find(([type]) => type === 'application/json')?.[1].schema ?? null;
  return {
    name: `${method} ${path}`,
    method,
    path,
    parameters: operation.parameters ?? [],
    body: operation.requestBody && (json(operation.requestBody) ?? undefined),
    replies: new Map(
      Object.entries(operation.responses)
        .filter(([status]) => status !== 'default')
        .map(([status, response]) => [Number(status), json(response)]),
    ),
    open: !operation.security,
    stream: Object.values(operation.responses).some(({ content = {} }) => 'text/event-stream' in content),
  };
}

function strict(schema: Json, components: Record<string, Json>): z.ZodType {
  const text = JSON.stringify({ ...schema, $defs: components });
  return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as never);
}

export const pathNames = (route: Route): string[] =>
  route.parameters.filter((one) => one.in === 'path').map((one) => one.name);

export function pathOf(route: Route, values: Record<string, string>): string {
  return route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${route.name}: nothing for {${name}}`);
    return encodeURIComponent(value);
  });
}

/** Status alone, also of a stream that never ends. */
export async function statusOf(
  t: TestDirector,
  route: Pick<Route, 'method'>,
  path: string,
  authorization: string | null,
  body?: unknown,
): Promise<number> {
  const away = new AbortController();
  const response = await fetch(`${t.url}${path}`, {
    method: route.method,
    redirect: 'manual',
    signal: away.signal,
    headers: {
      ...(authorization !== null && { authorization }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const stream = response.headers.get('content-type')?.includes('event-stream');
  if (stream) away.abort();
  else await response.arrayBuffer();
  return response.status;
}
