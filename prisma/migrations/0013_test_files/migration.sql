-- Files that test runs read; the bytes are in the object store. A row that is not ready is an upload under way.
CREATE TABLE "test_files" (
  "id" TEXT NOT NULL,
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "name" TEXT NOT NULL,
  "size" BIGINT NOT NULL,
  "columns" JSON NOT NULL,
  "key" TEXT NOT NULL,
  "ready" BOOLEAN NOT NULL DEFAULT false,
  "created_by" TEXT NOT NULL,
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "test_files_pkey" PRIMARY KEY ("organization_id", "id")
);
SELECT millrace_tenant('test_files');
CREATE INDEX "test_files_organization_id_expires_at_idx" ON "test_files" ("organization_id", "expires_at");
