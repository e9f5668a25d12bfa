CREATE TABLE "resources" (
  "id" TEXT NOT NULL,
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "name" TEXT NOT NULL,
  "description" TEXT,
  "created_by" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "resources_pkey" PRIMARY KEY ("organization_id", "id")
);
CREATE UNIQUE INDEX "resources_organization_id_name_key" ON "resources"("organization_id", "name");
SELECT millrace_tenant('resources');

CREATE TABLE "blobs" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "digest" TEXT NOT NULL,
  "key" TEXT NOT NULL,
  "size" BIGINT NOT NULL,
  "inspection" JSON NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "blobs_pkey" PRIMARY KEY ("organization_id", "digest")
);
SELECT millrace_tenant('blobs');

CREATE TABLE "resource_versions" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "resource_id" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "state" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "file_name" TEXT NOT NULL,
  "size" BIGINT NOT NULL,
  "digest" TEXT NOT NULL,
  "note" TEXT,
  "contract" JSON,
  "refusal" JSON,
  "created_by" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  "sealed_at" TIMESTAMPTZ(3),
  CONSTRAINT "resource_versions_pkey" PRIMARY KEY ("organization_id", "resource_id", "version"),
  CONSTRAINT "resource_versions_organization_id_resource_id_fkey" FOREIGN KEY ("organization_id", "resource_id") REFERENCES "resources"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "resource_versions_organization_id_digest_idx" ON "resource_versions"("organization_id", "digest");
SELECT millrace_tenant('resource_versions');

CREATE TABLE "uploads" (
  "id" TEXT NOT NULL,
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "resource_id" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "file_name" TEXT NOT NULL,
  "size" BIGINT NOT NULL,
  "digest" TEXT NOT NULL,
  "note" TEXT,
  "contract" JSON,
  "key" TEXT NOT NULL,
  "store_upload" TEXT NOT NULL,
  "version" INTEGER,
  "attempts" INTEGER NOT NULL DEFAULT 0,
  "lease_until" TIMESTAMPTZ(3),
  "created_by" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  "swept_at" TIMESTAMPTZ(3),
  CONSTRAINT "uploads_pkey" PRIMARY KEY ("organization_id", "id"),
  CONSTRAINT "uploads_organization_id_resource_id_fkey" FOREIGN KEY ("organization_id", "resource_id") REFERENCES "resources"("organization_id", "id") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE INDEX "uploads_organization_id_state_idx" ON "uploads"("organization_id", "state");
CREATE INDEX "uploads_organization_id_resource_id_idx" ON "uploads"("organization_id", "resource_id");
SELECT millrace_tenant('uploads');

CREATE TABLE "resource_aliases" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "resource_id" TEXT NOT NULL,
  "alias" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "revision" INTEGER NOT NULL,
  "moved_by" TEXT NOT NULL,
  "moved_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "resource_aliases_pkey" PRIMARY KEY ("organization_id", "resource_id", "alias"),
  CONSTRAINT "resource_aliases_organization_id_resource_id_version_fkey" FOREIGN KEY ("organization_id", "resource_id", "version") REFERENCES "resource_versions"("organization_id", "resource_id", "version") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "resource_aliases_organization_id_resource_id_version_idx" ON "resource_aliases"("organization_id", "resource_id", "version");
SELECT millrace_tenant('resource_aliases');

CREATE TABLE "alias_moves" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "resource_id" TEXT NOT NULL,
  "alias" TEXT NOT NULL,
  "revision" INTEGER NOT NULL,
  "from_version" INTEGER,
  "to_version" INTEGER NOT NULL,
  "note" TEXT,
  "moved_by" TEXT NOT NULL,
  "moved_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "alias_moves_pkey" PRIMARY KEY ("organization_id", "resource_id", "alias", "revision")
);
SELECT millrace_tenant('alias_moves');
