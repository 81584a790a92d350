-- recent: Recent
-- window trailing 30d, by done_at
SELECT count(DISTINCT "learner") AS numerator
FROM "lms"."results"
WHERE ("course" = 'A')
  AND "team" IN ('red')
  AND CAST("done_at" AS DATE) BETWEEN $first AND $last;
