-- How much of an upload has been hashed while it is sealed: shown to whoever waits for it.
ALTER TABLE "uploads" ADD COLUMN "verified" BIGINT NOT NULL DEFAULT 0;
