-- mean: Mean
-- window cycle (2026-H2, from 2026-07-01), by done_at
-- value: numerator / denominator; none where the denominator is 0
SELECT coalesce(sum("score"), 0) AS numerator,
  count("score") AS denominator
FROM "lms"."results"
WHERE ("score" >= 50 AND "course" IN ('A', 'B'))
  AND "team" IN ('red')
  AND CAST("done_at" AS DATE) BETWEEN $first AND $last;
