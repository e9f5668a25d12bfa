ALTER TABLE "alias_moves" ADD COLUMN "promotion_id" TEXT;
