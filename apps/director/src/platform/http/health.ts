/**
 * `/livez`: the process works. `/readyz`: everything it needs answers. `/metrics`: counters for Prometheus.
 * None of them needs a credential, and none tells names.
 */
import type { FastifyInstance } from 'fastify';
import type { Platform } from '../platform.module.js';

const CHECK_AT_MOST_MS = 3_000;

export function addHealth(server: FastifyInstance, platform: Platform): void {
  const { database, objects, queue } = platform;
  const answers = new Map<string, number>();
  server.addHook('onResponse', (request, reply, done) => {
    const key = `method="${request.method}",status="${Math.floor(reply.statusCode / 100)}xx"`;
    answers.set(key, (answers.get(key) ?? 0) + 1);
    done();
  });

  server.get('/livez', () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const checks = { database: database.global('SELECT 1'), objects: objects.check(), queue: queue.check() };
    const entries = Object.entries(checks).map(
      async ([name, check]) => [name, await outcome(check)] as const,
    );
    const results = Object.fromEntries(await Promise.all(entries));
    const ready = Object.values(results).every((result) => result === 'ok');
    return reply.status(ready ? 200 : 503).send({ status: ready ? 'ok' : 'unavailable', checks: results });
  });
  server.get('/metrics', (_request, reply) => {
    const { rss, heapUsed } = process.memoryUsage();
    const { totalCount, idleCount, waitingCount } = database.pool;
    const lines = [
      '# TYPE millrace_http_requests_total counter',
      ...[...answers].map(([key, count]) => `millrace_http_requests_total{${key}} ${count}`),
      '# TYPE process_resident_memory_bytes gauge',
      `process_resident_memory_bytes ${rss}`,
      '# TYPE nodejs_heap_used_bytes gauge',
      `nodejs_heap_used_bytes ${heapUsed}`,
      '# TYPE process_uptime_seconds gauge',
      `process_uptime_seconds ${process.uptime()}`,
      '# TYPE millrace_database_connections gauge',
      `millrace_database_connections{state="busy"} ${totalCount - idleCount}`,
      `millrace_database_connections{state="idle"} ${idleCount}`,
      `millrace_database_connections{state="waited-for"} ${waitingCount}`,
    ];
    return reply.type('text/plain; version=0.0.4').send(`${lines.join('\n')}\n`);
  });
}

async function outcome(check: Promise<unknown>): Promise<'ok' | 'unavailable'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'unavailable'>((resolve) => {
    timer = setTimeout(() => resolve('unavailable'), CHECK_AT_MOST_MS);
  });
  try {
    return await Promise.race([
      check.then(
        () => 'ok' as const,
        () => 'unavailable' as const,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
