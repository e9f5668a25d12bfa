CREATE TABLE "nodes" (
  "id" TEXT NOT NULL,
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "name" TEXT NOT NULL,
  "labels" JSONB NOT NULL DEFAULT '{}',
  "parameters" JSONB NOT NULL DEFAULT '{}',
  "signing_key" TEXT NOT NULL,
  "credential_hash" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "revoked_at" TIMESTAMPTZ(3),
  "online" BOOLEAN NOT NULL DEFAULT false,
  "seen_at" TIMESTAMPTZ(3),
  "facts" JSONB,
  "metrics" JSONB,
  "metrics_at" TIMESTAMPTZ(3),
  "report_seq" BIGINT NOT NULL DEFAULT 0,
  "reported_at" TIMESTAMPTZ(3),
  "flows" JSONB NOT NULL DEFAULT '[]',
  "accepted_epoch" INTEGER,
  "accepted_sequence" BIGINT,
  "refused" JSONB,
  "revision" INTEGER NOT NULL DEFAULT 1,
  "noted_revision" INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT "nodes_pkey" PRIMARY KEY ("organization_id", "id")
);
CREATE UNIQUE INDEX "nodes_organization_id_name_key" ON "nodes"("organization_id", "name");
SELECT millrace_tenant('nodes');

CREATE TABLE "node_reports" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "node_id" TEXT NOT NULL,
  "seq" BIGINT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "received_at" TIMESTAMPTZ(3) NOT NULL,
  "sequence" BIGINT NOT NULL,
  "flows" JSONB NOT NULL,
  "refused" JSONB,
  CONSTRAINT "node_reports_pkey" PRIMARY KEY ("organization_id", "node_id", "seq"),
  CONSTRAINT "node_reports_organization_id_node_id_fkey" FOREIGN KEY ("organization_id", "node_id") REFERENCES "nodes"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
SELECT millrace_tenant('node_reports');

CREATE TABLE "groups" (
  "id" TEXT NOT NULL,
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "name" TEXT NOT NULL,
  "selector" TEXT,
  "priority" INTEGER NOT NULL DEFAULT 0,
  "parameters" JSONB NOT NULL DEFAULT '{}',
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "groups_pkey" PRIMARY KEY ("organization_id", "id")
);
CREATE UNIQUE INDEX "groups_organization_id_name_key" ON "groups"("organization_id", "name");
SELECT millrace_tenant('groups');

CREATE TABLE "group_members" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "group_id" TEXT NOT NULL,
  "node_id" TEXT NOT NULL,
  CONSTRAINT "group_members_pkey" PRIMARY KEY ("organization_id", "group_id", "node_id"),
  CONSTRAINT "group_members_organization_id_group_id_fkey" FOREIGN KEY ("organization_id", "group_id") REFERENCES "groups"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "group_members_organization_id_node_id_fkey" FOREIGN KEY ("organization_id", "node_id") REFERENCES "nodes"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "group_members_organization_id_node_id_idx" ON "group_members"("organization_id", "node_id");
SELECT millrace_tenant('group_members');

CREATE TABLE "join_tokens" (
  "id" TEXT NOT NULL,
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "secret_hash" TEXT NOT NULL,
  "group_id" TEXT,
  "labels" JSONB NOT NULL DEFAULT '{}',
  "uses" INTEGER NOT NULL,
  "used" INTEGER NOT NULL DEFAULT 0,
  "created_by" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "join_tokens_pkey" PRIMARY KEY ("organization_id", "id"),
  CONSTRAINT "join_tokens_organization_id_group_id_fkey" FOREIGN KEY ("organization_id", "group_id") REFERENCES "groups"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "join_tokens_organization_id_secret_hash_key" ON "join_tokens"("organization_id", "secret_hash");
SELECT millrace_tenant('join_tokens');
