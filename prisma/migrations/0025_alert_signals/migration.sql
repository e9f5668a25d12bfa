ALTER TABLE "alerts" ADD COLUMN "signal" JSONB;
CREATE INDEX "alerts_organization_id_state_flow_severity_idx" ON "alerts"("organization_id", "state", "flow", "severity");
CREATE INDEX "audit_entries_organization_id_subject_sequence_idx" ON "audit_entries"("organization_id", "subject", "sequence" DESC);
