CREATE TABLE "retention_policies" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "resource_id" TEXT NOT NULL,
  "keep_last" INTEGER,
  "keep_days" INTEGER,
  "changed_by" TEXT NOT NULL,
  "changed_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "retention_policies_pkey" PRIMARY KEY ("organization_id", "resource_id")
);
SELECT millrace_tenant('retention_policies');

ALTER TABLE "resource_versions" ADD COLUMN "collect_after" TIMESTAMPTZ(3);
