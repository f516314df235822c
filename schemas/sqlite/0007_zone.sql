-- The time zone of a principal, for times of its calendars that name none; null: nobody has said.
ALTER TABLE principal ADD COLUMN zone TEXT;
