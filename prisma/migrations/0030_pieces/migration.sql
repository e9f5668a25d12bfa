-- Bytes that a version names besides its own: packages of a runtime, the contract of a model.
ALTER TABLE "blobs" ALTER COLUMN "inspection" DROP NOT NULL;
ALTER TABLE "blobs" ADD COLUMN "kept_until" TIMESTAMPTZ(3);
CREATE INDEX "blobs_organization_id_kept_until_idx" ON "blobs"("organization_id", "kept_until");

ALTER TABLE "uploads" ADD COLUMN "piece" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "uploads" ADD COLUMN "refusal" JSON;

CREATE TABLE "version_blobs" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "resource_id" TEXT NOT NULL,
  "version" INTEGER NOT NULL,
  "role" TEXT NOT NULL,
  "digest" TEXT NOT NULL,
  CONSTRAINT "version_blobs_pkey" PRIMARY KEY ("organization_id", "resource_id", "version", "role", "digest"),
  CONSTRAINT "version_blobs_organization_id_resource_id_version_fkey" FOREIGN KEY ("organization_id", "resource_id", "version") REFERENCES "resource_versions"("organization_id", "resource_id", "version") ON DELETE CASCADE ON UPDATE CASCADE,
  CONSTRAINT "version_blobs_organization_id_digest_fkey" FOREIGN KEY ("organization_id", "digest") REFERENCES "blobs"("organization_id", "digest") ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE INDEX "version_blobs_organization_id_digest_idx" ON "version_blobs"("organization_id", "digest");
SELECT millrace_tenant('version_blobs');
