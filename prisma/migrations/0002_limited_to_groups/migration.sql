ALTER TABLE "memberships" ADD COLUMN "limited_to" JSONB;
ALTER TABLE "api_tokens" ADD COLUMN "limited_to" JSONB;
