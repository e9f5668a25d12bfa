CREATE TABLE "promotions" (
  "id" TEXT NOT NULL,
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "resource_id" TEXT NOT NULL,
  "resource" TEXT NOT NULL,
  "alias" TEXT NOT NULL,
  "from_version" INTEGER,
  "to_version" INTEGER NOT NULL,
  "digest" TEXT NOT NULL,
  "alias_revision" INTEGER NOT NULL,
  "decision" TEXT NOT NULL,
  "says" TEXT NOT NULL,
  "note" TEXT,
  "strategy" JSONB NOT NULL,
  "chosen" JSONB,
  "flows" JSONB NOT NULL,
  "created_by" TEXT NOT NULL,
  "person" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  "decided_by" TEXT,
  "decided_at" TIMESTAMPTZ(3),
  CONSTRAINT "promotions_pkey" PRIMARY KEY ("organization_id", "id")
);
CREATE INDEX "promotions_organization_id_resource_id_alias_idx" ON "promotions"("organization_id", "resource_id", "alias");
SELECT millrace_tenant('promotions');

ALTER TABLE "deployments" ADD COLUMN "promotion_id" TEXT, ADD COLUMN "from_version" INTEGER;
CREATE INDEX "deployments_organization_id_promotion_id_idx" ON "deployments"("organization_id", "promotion_id");

ALTER TABLE "resource_aliases" ADD COLUMN "approval" BOOLEAN NOT NULL DEFAULT false;
