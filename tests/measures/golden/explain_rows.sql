-- rows: Rows
-- window month, by done_at
SELECT count(*) AS numerator
FROM "lms"."results"
WHERE "team" IN ('red')
  AND CAST("done_at" AS DATE) BETWEEN $first AND $last;
