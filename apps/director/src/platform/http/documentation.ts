/**
 * OpenAPI 3.1 at /v1/openapi.json, made from the schemas of the routes, and a page to browse it at /v1/docs.
 * Everything of the page comes from this server, so that it works in a plant without the internet.
 */
import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { Problem } from '@millrace/schemas';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

const assets: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

export function addDocumentation(server: FastifyInstance, app: NestFastifyApplication): void {
  let text: string | undefined;
  server.get('/v1/openapi.json', (_request, reply) => {
    text ??= JSON.stringify(openApi(app));
    return reply.type('application/json; charset=utf-8').send(text);
  });
  server.get('/v1/docs', (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
  const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  for (const [name, type] of Object.entries(assets)) {
    server.get(`/v1/docs/${name}`, (_request, reply) =>
      reply
        .type(type)
        .header('cache-control', 'max-age=3600')
        .send(createReadStream(join(folder, name))),
    );
  }
  server.get('/v1/docs/start.js', (_request, reply) =>
    reply.type(assets['swagger-ui-bundle.js'] ?? '').send(start),
  );
}

/** The document as it is served; docs/api/openapi.json is a copy of it. */
export function openApi(app: NestFastifyApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Millrace')
    .setDescription('Flows, models, nodes, deployments and alerts.')
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer' })
    .setOpenAPIVersion('3.1.0')
    .build();
  const document = SwaggerModule.createDocument(app, builder, {
    operationIdFactory: (controller, method) =>
      `${controller.replace(/Controller$/, '').toLowerCase()}.${method}`,
    standardSchemaConverter: (schema, { schemaType }) => convert(schema, schemaType),
  });
  const problem = convert(Problem, 'output');
  Object.assign((document.components ??= {}), {
    schemas: { ...document.components?.schemas, ...problem?.components },
  });
  const failed = {
    description: 'A problem (RFC 9457); clients switch on its code.',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  const paths: OpenAPIObject['paths'] = {};
  for (const [path, item] of Object.entries(document.paths)) {
    paths[plain(path)] = item;
    for (const operation of Object.values(item) as { responses?: Record<string, unknown> }[]) {
      if (operation.responses) operation.responses.default ??= failed;
    }
  }
  return { ...document, paths };
}

/** Fastify's pattern for `{id}:restart` back to what a person writes. */
function plain(path: string): string {
  return path.replaceAll('(^[^:]+)', '').replaceAll('::', ':');
}

/** zod keeps schemas with an id beside the one that was asked for, which refers to them; here they are components. */
function convert(schema: unknown, io: 'input' | 'output') {
  if (!(schema instanceof z.ZodType)) return undefined;
  const {
    $schema: _,
    $defs: components = {},
    ...json
  } = JSON.parse(
    JSON.stringify(
      z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any' }),
    ).replaceAll('"#/$defs/', '"#/components/schemas/'),
  ) as z.core.JSONSchema.BaseSchema;
  return { schema: json, components };
}

const page = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Millrace API</title><link rel="stylesheet" href="/v1/docs/swagger-ui.css"></head>
<body><div id="page"></div><script src="/v1/docs/swagger-ui-bundle.js"></script><script src="/v1/docs/start.js"></script></body>
</html>`;
const start = `SwaggerUIBundle({ url: '/v1/openapi.json', dom_id: '#page', deepLinking: true });`;
