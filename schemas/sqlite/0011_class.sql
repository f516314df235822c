-- How much of a calendar object its owner hides (RFC 5545 3.8.1.3), of all its components the most:
-- 0 public, 1 confidential, 2 private; null: nobody has looked yet, so it counts as private.
ALTER TABLE object ADD COLUMN class BIGINT;
