-- What each node should run and runs, a row a flow, and its counters when they were last heard of.
CREATE TABLE "node_flows" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "node_id" TEXT NOT NULL,
  "flow" TEXT NOT NULL,
  "desired_version" INTEGER,
  "desired_digest" TEXT,
  "running_version" INTEGER,
  "running_digest" TEXT,
  "tried_digest" TEXT,
  "reason" TEXT,
  "failing" BOOLEAN NOT NULL DEFAULT false,
  "started_at" DOUBLE PRECISION,
  "counted_at" DOUBLE PRECISION,
  "records" DOUBLE PRECISION NOT NULL DEFAULT 0,
  "errors" DOUBLE PRECISION NOT NULL DEFAULT 0,
  "bytes_in" DOUBLE PRECISION NOT NULL DEFAULT 0,
  "bytes_out" DOUBLE PRECISION NOT NULL DEFAULT 0,
  CONSTRAINT "node_flows_pkey" PRIMARY KEY ("organization_id", "node_id", "flow"),
  CONSTRAINT "node_flows_organization_id_node_id_fkey" FOREIGN KEY ("organization_id", "node_id") REFERENCES "nodes"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
SELECT millrace_tenant('node_flows');

-- What was there before. Row-level security holds for the owner too, so it goes organization by organization.
-- Escapes become question marks first: PostgreSQL refuses some of them, and no name, version or digest has one.
DO $$
DECLARE one RECORD;
BEGIN
  FOR one IN SELECT "id" FROM "organizations" LOOP
    PERFORM set_config('millrace.organization', one."id", true);
    INSERT INTO "node_flows" ("node_id", "flow", "desired_version", "desired_digest", "running_version",
      "running_digest", "tried_digest", "reason")
    SELECT coalesce(d."node_id", r."node_id"), coalesce(d."flow", r."flow"), d."version", d."digest", r."version",
      r."digest", r."tried", r."reason"
    FROM (
      SELECT s."node_id", f->>'flow' AS "flow", (f->>'version')::int AS "version", f->>'digest' AS "digest"
      FROM "desired_states" s, json_array_elements(
        regexp_replace(s."payload", '\\u[0-9a-fA-F]{4}', '\\u003f', 'g')::json->'flows') f
    ) d FULL JOIN (
      SELECT n."id" AS "node_id", f->>'flow' AS "flow", least((f->>'runningVersion')::numeric, 2147483647)::int AS "version",
        f->>'runningDigest' AS "digest", f->>'desiredDigest' AS "tried", f->'reason'->>'code' AS "reason"
      FROM "nodes" n, jsonb_array_elements(n."flows") f
    ) r ON r."node_id" = d."node_id" AND r."flow" = d."flow"
    WHERE d."digest" IS NOT NULL OR r."digest" IS NOT NULL
    ON CONFLICT DO NOTHING;
  END LOOP;
  PERFORM set_config('millrace.organization', '', true);
END
$$;

-- Minutes are counted from 1970. They lead the keys: what is written lies together, and so does what is swept.
CREATE TABLE "flow_minutes" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "minute" INTEGER NOT NULL,
  "flow" TEXT NOT NULL,
  "records" DOUBLE PRECISION NOT NULL,
  "errors" DOUBLE PRECISION NOT NULL,
  "bytes_in" DOUBLE PRECISION NOT NULL,
  "bytes_out" DOUBLE PRECISION NOT NULL,
  CONSTRAINT "flow_minutes_pkey" PRIMARY KEY ("organization_id", "minute", "flow")
);
SELECT millrace_tenant('flow_minutes');

CREATE TABLE "node_flow_minutes" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "minute" INTEGER NOT NULL,
  "node_id" TEXT NOT NULL,
  "flow" TEXT NOT NULL,
  "records" DOUBLE PRECISION NOT NULL,
  "errors" DOUBLE PRECISION NOT NULL,
  "bytes_in" DOUBLE PRECISION NOT NULL,
  "bytes_out" DOUBLE PRECISION NOT NULL,
  CONSTRAINT "node_flow_minutes_pkey" PRIMARY KEY ("organization_id", "minute", "node_id", "flow")
);
SELECT millrace_tenant('node_flow_minutes');

CREATE TABLE "node_minutes" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "minute" INTEGER NOT NULL,
  "node_id" TEXT NOT NULL,
  "cpu_share" DOUBLE PRECISION NOT NULL,
  "memory_bytes" DOUBLE PRECISION NOT NULL,
  CONSTRAINT "node_minutes_pkey" PRIMARY KEY ("organization_id", "minute", "node_id")
);
SELECT millrace_tenant('node_minutes');
