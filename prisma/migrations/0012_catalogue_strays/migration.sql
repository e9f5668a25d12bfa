-- A number is given once, also when its version was deleted.
ALTER TABLE "resources" ADD COLUMN "latest_version" INTEGER NOT NULL DEFAULT 0;

-- An upload outlives its resource until the object store is freed of it.
ALTER TABLE "uploads" DROP CONSTRAINT "uploads_organization_id_resource_id_fkey";
ALTER TABLE "uploads" DROP COLUMN "swept_at";

CREATE TABLE "stray_objects" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "key" TEXT NOT NULL,
  "store_upload" TEXT,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "stray_objects_pkey" PRIMARY KEY ("organization_id", "key")
);
SELECT millrace_tenant('stray_objects');
