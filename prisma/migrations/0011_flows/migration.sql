CREATE TABLE "flows" (
  "id" TEXT NOT NULL,
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "name" TEXT NOT NULL,
  "description" TEXT,
  "draft_revision" INTEGER NOT NULL DEFAULT 0,
  "latest_version" INTEGER NOT NULL DEFAULT 0,
  "created_by" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  "changed_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "flows_pkey" PRIMARY KEY ("organization_id", "id")
);
CREATE UNIQUE INDEX "flows_organization_id_name_key" ON "flows"("organization_id", "name");
SELECT millrace_tenant('flows');

CREATE TABLE "flow_drafts" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "flow_id" TEXT NOT NULL,
  "revision" INTEGER NOT NULL,
  "document" JSON,
  "text" TEXT,
  "saved_by" TEXT NOT NULL,
  "saved_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "flow_drafts_pkey" PRIMARY KEY ("organization_id", "flow_id", "revision"),
  CONSTRAINT "flow_drafts_organization_id_flow_id_fkey" FOREIGN KEY ("organization_id", "flow_id") REFERENCES "flows"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
SELECT millrace_tenant('flow_drafts');

CREATE TABLE "flow_versions" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "flow_id" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "digest" TEXT NOT NULL,
  "document" JSON NOT NULL,
  "lock" JSON NOT NULL,
  "note" TEXT,
  "draft_revision" INTEGER NOT NULL,
  "published_by" TEXT NOT NULL,
  "published_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "flow_versions_pkey" PRIMARY KEY ("organization_id", "flow_id", "version"),
  CONSTRAINT "flow_versions_organization_id_flow_id_fkey" FOREIGN KEY ("organization_id", "flow_id") REFERENCES "flows"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
SELECT millrace_tenant('flow_versions');

CREATE TABLE "flow_version_resources" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "flow_id" TEXT NOT NULL,
  "flow_version" INTEGER NOT NULL,
  "resource_id" TEXT NOT NULL,
  "resource_version" INTEGER NOT NULL,
  CONSTRAINT "flow_version_resources_pkey" PRIMARY KEY ("organization_id", "flow_id", "flow_version", "resource_id", "resource_version"),
  CONSTRAINT "flow_version_resources_organization_id_flow_id_flow_versio_fkey" FOREIGN KEY ("organization_id", "flow_id", "flow_version") REFERENCES "flow_versions"("organization_id", "flow_id", "version") ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "flow_version_resources_organization_id_resource_id_resourc_fkey" FOREIGN KEY ("organization_id", "resource_id", "resource_version") REFERENCES "resource_versions"("organization_id", "resource_id", "version") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE INDEX "flow_version_resources_organization_id_resource_id_resource_idx" ON "flow_version_resources"("organization_id", "resource_id", "resource_version");
SELECT millrace_tenant('flow_version_resources');
