CREATE TABLE "node_runs" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "node_id" TEXT NOT NULL,
  "flow" TEXT NOT NULL,
  "since" TIMESTAMPTZ(3) NOT NULL,
  "until" TIMESTAMPTZ(3),
  "version" INTEGER NOT NULL,
  "digest" TEXT NOT NULL,
  CONSTRAINT "node_runs_pkey" PRIMARY KEY ("organization_id", "node_id", "flow", "since"),
  CONSTRAINT "node_runs_organization_id_node_id_fkey" FOREIGN KEY ("organization_id", "node_id") REFERENCES "nodes"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "node_runs_organization_id_flow_version_idx" ON "node_runs"("organization_id", "flow", "version");
CREATE INDEX "node_runs_organization_id_until_idx" ON "node_runs"("organization_id", "until");
SELECT millrace_tenant('node_runs');
