-- least: Least
-- window cycle (2026-H2, from 2026-07-01), by done_at
SELECT min("score") AS numerator
FROM "lms"."results"
WHERE ("course" = 'A')
  AND "team" IN ('red')
  AND CAST("done_at" AS DATE) BETWEEN $first AND $last;
