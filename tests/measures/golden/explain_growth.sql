-- growth = total / total@-1y - 1

-- total: Total
-- window last quarter, by done_at
SELECT coalesce(sum("score"), 0) AS numerator
FROM "lms"."results"
WHERE (NOT "course" IS NULL OR "level" > 1)
  AND "team" IN ('red')
  AND CAST("done_at" AS DATE) BETWEEN $first AND $last;

-- total@-1y: Total
-- window last quarter, by done_at
SELECT coalesce(sum("score"), 0) AS numerator
FROM "lms"."results"
WHERE (NOT "course" IS NULL OR "level" > 1)
  AND "team" IN ('red')
  AND CAST("done_at" AS DATE) BETWEEN $first AND $last;
