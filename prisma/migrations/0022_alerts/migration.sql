CREATE TABLE "alerts" (
  "id" TEXT NOT NULL,
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "node_id" TEXT NOT NULL,
  "node_name" TEXT NOT NULL,
  "flow" TEXT NOT NULL,
  "version" BIGINT NOT NULL,
  "module" TEXT NOT NULL,
  "key" TEXT,
  "t" DOUBLE PRECISION NOT NULL,
  "received_at" TIMESTAMPTZ(3) NOT NULL,
  "severity" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "message" TEXT NOT NULL,
  "values" JSONB NOT NULL,
  "acknowledged_by" TEXT,
  "acknowledged_at" TIMESTAMPTZ(3),
  "cleared_t" DOUBLE PRECISION,
  "cleared_at" TIMESTAMPTZ(3),
  CONSTRAINT "alerts_pkey" PRIMARY KEY ("organization_id", "id")
);
CREATE INDEX "alerts_organization_id_node_id_flow_module_idx" ON "alerts"("organization_id", "node_id", "flow", "module");
SELECT millrace_tenant('alerts');

CREATE TABLE "results" (
  "id" TEXT NOT NULL,
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "node_id" TEXT NOT NULL,
  "flow" TEXT NOT NULL,
  "version" BIGINT NOT NULL,
  "module" TEXT NOT NULL,
  "received_at" TIMESTAMPTZ(3) NOT NULL,
  "records" JSONB NOT NULL,
  CONSTRAINT "results_pkey" PRIMARY KEY ("organization_id", "id")
);
CREATE INDEX "results_organization_id_flow_id_idx" ON "results"("organization_id", "flow", "id" DESC);
SELECT millrace_tenant('results');

CREATE TABLE "outbox_progress" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "node_id" TEXT NOT NULL,
  "channel" TEXT NOT NULL,
  "through" BIGINT NOT NULL,
  CONSTRAINT "outbox_progress_pkey" PRIMARY KEY ("organization_id", "node_id", "channel")
);
SELECT millrace_tenant('outbox_progress');
