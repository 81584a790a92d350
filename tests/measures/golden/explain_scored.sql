-- scored: Scored
-- window cycle (2026-H2, from 2026-07-01), by done_at
SELECT count("score") AS numerator
FROM "lms"."results"
WHERE ("score" >= 50 AND "course" IN ('A', 'B'))
  AND "team" IN ('red')
  AND CAST("done_at" AS DATE) BETWEEN $first AND $last;
