-- open: Open
-- window latest, as it stood at the end of the day
SELECT count(*) AS numerator
FROM "lms"."results__history"
WHERE "team" IN ('red')
  AND "_valid_from" < $until
  AND ("_valid_to" IS NULL OR "_valid_to" >= $until);
