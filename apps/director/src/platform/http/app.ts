/**
 * The HTTP application: Nest on Fastify, with problems for errors, schemas at the border, a limit for bodies.
 * It knows no routes but its own (health, metrics, documentation, the studio's files); the rooms bring theirs.
 */
import type { DynamicModule, Type } from '@nestjs/common';
import { StandardSchemaValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Failure } from '@millrace/schemas';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { newId } from '../id.js';
import type { Platform } from '../platform.module.js';
import { addDocumentation } from './documentation.js';
import { addHealth } from './health.js';
import { addJsonParser } from './json.js';
import { invalidRequest, ProblemFilter, sendProblem } from './problems.js';
import { addStudio, contentSecurityPolicy } from './studio.js';

/** A route such as `/v1/nodes/:id:restart` is one parameter to Fastify: write `:id(^[^:]+)::restart`. */
export const REQUEST_AT_MOST_MS = 60_000;

export async function createApp(
  root: Type | DynamicModule,
  platform: Platform,
  addRoutes: (server: FastifyInstance) => void = () => undefined,
): Promise<NestFastifyApplication> {
  const { config, log } = platform;
  const adapter = new FastifyAdapter({
    bodyLimit: config.maxBodyBytes,
    // A name has up to 128 characters, and an action may stand behind it.
    routerOptions: { maxParamLength: 256 },
    genReqId: () => newId(),
    requestIdHeader: false,
    // Time for the head and body of a request to arrive; streams that we send may take longer.
    requestTimeout: REQUEST_AT_MOST_MS,
    forceCloseConnections: true,
    // What is wrong before a route is found: a URL that cannot be decoded.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(error, request, reply, log),
  });
  const server = adapter.getInstance() as unknown as FastifyInstance;
  server.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
    // Who asks for a dry run must never get a real one.
    if (asksForDryRun(request)) sendProblem(noDryRun(), request, reply, log);
    else done();
  });
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger: ['fatal', 'error', 'warn'],
    abortOnError: false,
    bodyParser: false,
  });
  addJsonParser(server, config.maxBodyBytes);
  app.useGlobalFilters(new ProblemFilter(log));
  app.useGlobalPipes(new StandardSchemaValidationPipe({ exceptionFactory: invalidRequest }));
  addHealth(server, platform);
  addDocumentation(server, app);
  addStudio(server, contentSecurityPolicy(config.s3));
  addRoutes(server);
  await app.init();
  await server.ready();
  return app;
}

const asksForDryRun = ({ method, query }: FastifyRequest): boolean =>
  method !== 'GET' &&
  method !== 'HEAD' &&
  ((query as { dryRun?: unknown } | null)?.dryRun ?? 'false') !== 'false';

const noDryRun = () =>
  new Failure(
    'platform.invalid-request',
    'dryRun is not known here, and nothing was changed. Ask with flows/{name}:check, groups:preview or deployments:plan.',
    { errors: [{ pointer: '/dryRun', detail: 'not known' }] },
  );
