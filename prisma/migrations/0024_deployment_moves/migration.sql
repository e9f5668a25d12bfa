CREATE TABLE "deployment_moves" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "deployment_id" TEXT NOT NULL,
  "id" TEXT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "state" TEXT NOT NULL,
  "wave" INTEGER NOT NULL,
  "actor" TEXT NOT NULL,
  "says" TEXT NOT NULL,
  CONSTRAINT "deployment_moves_pkey" PRIMARY KEY ("organization_id", "deployment_id", "id"),
  CONSTRAINT "deployment_moves_organization_id_deployment_id_fkey" FOREIGN KEY ("organization_id", "deployment_id") REFERENCES "deployments"("organization_id", "id") ON DELETE CASCADE ON UPDATE CASCADE
);
SELECT millrace_tenant('deployment_moves');
