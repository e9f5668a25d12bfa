CREATE TABLE "deployments" (
  "id" TEXT NOT NULL,
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "flow" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "digest" TEXT NOT NULL,
  "document" JSON NOT NULL,
  "resources" JSON NOT NULL,
  "group_id" TEXT NOT NULL,
  "group_name" TEXT NOT NULL,
  "assignment_id" TEXT NOT NULL,
  "strategy" JSONB NOT NULL,
  "parameters" JSONB NOT NULL,
  "state" TEXT NOT NULL,
  "says" TEXT NOT NULL,
  "wave" INTEGER NOT NULL,
  "waves" INTEGER NOT NULL,
  "forgiven" INTEGER NOT NULL DEFAULT 0,
  "soaking_since" TIMESTAMPTZ(3),
  "settled_before" TEXT,
  "created_by" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  "ended_at" TIMESTAMPTZ(3),
  CONSTRAINT "deployments_pkey" PRIMARY KEY ("organization_id", "id")
);
CREATE INDEX "deployments_organization_id_assignment_id_idx" ON "deployments"("organization_id", "assignment_id");
SELECT millrace_tenant('deployments');

CREATE TABLE "deployment_targets" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "deployment_id" TEXT NOT NULL,
  "node_id" TEXT NOT NULL,
  "wave" INTEGER NOT NULL,
  "progress" TEXT NOT NULL DEFAULT 'waiting',
  "outcome" TEXT,
  "reason" JSONB,
  "seq" BIGINT NOT NULL DEFAULT 0,
  "told_epoch" INTEGER,
  "told_sequence" BIGINT,
  "running_since" TIMESTAMPTZ(3),
  "deadline" TIMESTAMPTZ(3),
  "gap_ms" DOUBLE PRECISION,
  "lost" BIGINT,
  "attempt" INTEGER NOT NULL DEFAULT 1,
  "started_at" TIMESTAMPTZ(3),
  "ended_at" TIMESTAMPTZ(3),
  "previous" TEXT,
  CONSTRAINT "deployment_targets_pkey" PRIMARY KEY ("organization_id", "deployment_id", "node_id"),
  CONSTRAINT "deployment_targets_organization_id_deployment_id_fkey" FOREIGN KEY ("organization_id", "deployment_id") REFERENCES "deployments"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "deployment_targets_organization_id_node_id_fkey" FOREIGN KEY ("organization_id", "node_id") REFERENCES "nodes"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "deployment_targets_organization_id_node_id_idx" ON "deployment_targets"("organization_id", "node_id");
SELECT millrace_tenant('deployment_targets');

CREATE TABLE "assignments" (
  "id" TEXT NOT NULL,
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "flow" TEXT NOT NULL,
  "group_id" TEXT NOT NULL,
  "current" TEXT,
  "settled" TEXT,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "assignments_pkey" PRIMARY KEY ("organization_id", "id"),
  CONSTRAINT "assignments_organization_id_group_id_fkey" FOREIGN KEY ("organization_id", "group_id") REFERENCES "groups"("organization_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "assignments_organization_id_flow_group_id_key" ON "assignments"("organization_id", "flow", "group_id");
SELECT millrace_tenant('assignments');

CREATE TABLE "placements" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "node_id" TEXT NOT NULL,
  "assignment_id" TEXT NOT NULL,
  "deployment_id" TEXT NOT NULL,
  CONSTRAINT "placements_pkey" PRIMARY KEY ("organization_id", "node_id", "assignment_id"),
  CONSTRAINT "placements_organization_id_node_id_fkey" FOREIGN KEY ("organization_id", "node_id") REFERENCES "nodes"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "placements_organization_id_assignment_id_fkey" FOREIGN KEY ("organization_id", "assignment_id") REFERENCES "assignments"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "placements_organization_id_deployment_id_fkey" FOREIGN KEY ("organization_id", "deployment_id") REFERENCES "deployments"("organization_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE INDEX "placements_organization_id_assignment_id_idx" ON "placements"("organization_id", "assignment_id");
CREATE INDEX "placements_organization_id_deployment_id_idx" ON "placements"("organization_id", "deployment_id");
SELECT millrace_tenant('placements');

CREATE TABLE "desired_states" (
  "node_id" TEXT NOT NULL,
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "epoch" INTEGER NOT NULL,
  "sequence" BIGINT NOT NULL,
  "digest" TEXT NOT NULL,
  "flows_digest" TEXT NOT NULL,
  "payload" TEXT NOT NULL,
  "issued_at" TIMESTAMPTZ(3) NOT NULL,
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  "published_sequence" BIGINT NOT NULL DEFAULT 0,
  "published_at" TIMESTAMPTZ(3),
  "reissue_from" BIGINT,
  CONSTRAINT "desired_states_pkey" PRIMARY KEY ("organization_id", "node_id"),
  CONSTRAINT "desired_states_organization_id_node_id_fkey" FOREIGN KEY ("organization_id", "node_id") REFERENCES "nodes"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
SELECT millrace_tenant('desired_states');
