-- What an organization allows. No row: as strict as it can be.
CREATE TABLE "organization_settings" (
  "organization_id" TEXT NOT NULL DEFAULT millrace_organization(),
  "allow_pickle" BOOLEAN NOT NULL,
  CONSTRAINT "organization_settings_pkey" PRIMARY KEY ("organization_id")
);
SELECT millrace_tenant('organization_settings');
