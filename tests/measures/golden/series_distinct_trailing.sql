WITH
requests AS (
  SELECT request, id, calendar, value_group FROM _request WHERE statement = 'lms.results by done_at'
),
parts AS (
  SELECT p.request, p.role, p.branch, p.cell, q.calendar, q.value_group
  FROM _part AS p JOIN requests AS q ON q.request = p.request
  WHERE p.statement = 'lms.results by done_at'
),
cells AS (SELECT * EXCLUDE (statement) FROM _cell WHERE statement = 'lms.results by done_at'),
uses AS (SELECT DISTINCT branch, cell, calendar FROM parts),
calendars AS (
  SELECT * FROM _calendar WHERE calendar IN (SELECT calendar FROM requests)
),
segments AS (
  SELECT calendar, segment, min(day) AS first_day, max(day) AS last_day,
    bool_or(hi IS NOT NULL) AS live,
    lag(max(day)) OVER w IS DISTINCT FROM min(day) - 1 AS run_starts,
    lead(min(day)) OVER w IS DISTINCT FROM max(day) + 1 AS run_ends
  FROM calendars GROUP BY calendar, segment
  WINDOW w AS (PARTITION BY calendar ORDER BY segment)
),
hours AS MATERIALIZED (
  SELECT hour, CAST(make_timestamptz(hour * 3600000000) AS DATE) AS day
  FROM (SELECT unnest(range(494496, 499704)) AS hour)
  WHERE CAST(make_timestamptz(hour * 3600000000) AS DATE)
    = CAST(make_timestamptz((hour + 1) * 3600000000 - 1) AS DATE)
),
moments AS MATERIALIZED (
  SELECT DISTINCT moment FROM (
  SELECT CAST(unnest(generate_series(DATE '2026-06-02', DATE '2026-12-31', INTERVAL 1 DAY)) AS DATE) AS moment
  )
),
spans AS MATERIALIZED (
  SELECT m.calendar, m.segment, m.moment, e.day AS enter,
    coalesce(l.day, DATE 'infinity') AS leave
  FROM (
    SELECT s.calendar, s.segment, t.moment FROM moments AS t CROSS JOIN segments AS s
    WHERE s.live
  ) AS m
  ASOF JOIN (
    SELECT calendar, segment, hi, min(day) AS day FROM calendars GROUP BY ALL
  ) AS e ON e.calendar = m.calendar AND e.segment = m.segment AND m.moment <= e.hi
  ASOF LEFT JOIN (
    SELECT calendar, segment, lo, min(day) AS day FROM calendars WHERE lo IS NOT NULL GROUP BY ALL
  ) AS l ON l.calendar = m.calendar AND l.segment = m.segment AND m.moment < l.lo
  WHERE e.day < coalesce(l.day, DATE 'infinity')
),
held_1 AS (
  SELECT i.cell, s.calendar, s.segment, i.item, s.leave, min(s.enter) AS enter
  FROM (
    SELECT c.branch, c.cell, "r"."learner" AS item, coalesce("h"."day", CAST("r"."done_at" AS DATE)) AS moment
    FROM "lms"."results" AS "r"
    JOIN cells AS c ON c.branch = 1 AND c.k1 = "r"."course"
    LEFT JOIN hours AS "h" ON "h"."hour" = epoch_us("r"."done_at") // 3600000000
    WHERE "r"."learner" IS NOT NULL
      AND "r"."done_at" <= DATE '2027-01-04'
      AND "r"."done_at" >= DATE '2026-05-31'
      AND "r"."course" IN ('A')
  ) AS i
  JOIN uses AS u ON u.branch = i.branch AND u.cell = i.cell
  JOIN spans AS s ON s.calendar = u.calendar AND s.moment = i.moment
  GROUP BY ALL
),
united_1 AS MATERIALIZED (
  SELECT cell, calendar, segment, greatest(enter, coalesce(max(leave) OVER w, enter)) AS enter,
    leave
  FROM held_1
  WINDOW w AS (PARTITION BY cell, calendar, segment, item ORDER BY enter, leave
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
held_2 AS (
  SELECT i.cell, s.calendar, s.segment, i.item, s.leave, min(s.enter) AS enter
  FROM (
    SELECT c.branch, c.cell, "r"."learner" AS item, coalesce("h"."day", CAST("r"."done_at" AS DATE)) AS moment
    FROM "lms"."results" AS "r"
    JOIN cells AS c ON c.branch = 2 AND c.k1 = "r"."course" AND c.k2 = "r"."team"
    LEFT JOIN hours AS "h" ON "h"."hour" = epoch_us("r"."done_at") // 3600000000
    WHERE "r"."learner" IS NOT NULL
      AND "r"."done_at" <= DATE '2027-01-04'
      AND "r"."done_at" >= DATE '2026-05-31'
      AND "r"."course" IN ('A')
      AND "r"."team" IN ('red')
  ) AS i
  JOIN uses AS u ON u.branch = i.branch AND u.cell = i.cell
  JOIN spans AS s ON s.calendar = u.calendar AND s.moment = i.moment
  GROUP BY ALL
),
united_2 AS MATERIALIZED (
  SELECT cell, calendar, segment, greatest(enter, coalesce(max(leave) OVER w, enter)) AS enter,
    leave
  FROM held_2
  WINDOW w AS (PARTITION BY cell, calendar, segment, item ORDER BY enter, leave
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
),
delta_1 AS (
  SELECT cell, calendar, segment, enter AS day, count(*) AS value, NULL AS present
  FROM united_1 WHERE enter < leave GROUP BY ALL
  UNION ALL
  SELECT cell, calendar, segment, leave, -count(*), NULL
  FROM united_1 WHERE enter < leave AND leave < DATE 'infinity' GROUP BY ALL
  UNION ALL
  SELECT cell, calendar, segment, enter AS day, count(*) AS value, NULL AS present
  FROM united_2 WHERE enter < leave GROUP BY ALL
  UNION ALL
  SELECT cell, calendar, segment, leave, -count(*), NULL
  FROM united_2 WHERE enter < leave AND leave < DATE 'infinity' GROUP BY ALL
),
running_1 AS (
  SELECT request, segment, day, sum(sum(numerator)) OVER w AS numerator, sum(sum(numerator_present)) OVER w AS numerator_present
  FROM (
    SELECT p.request, d.segment, d.day, d.value AS numerator, d.present AS numerator_present
    FROM delta_1 AS d JOIN parts AS p ON p.cell = d.cell AND p.calendar = d.calendar
    WHERE p.value_group = 1 AND p.role = 'numerator'
    UNION ALL
    SELECT q.request, s.segment, s.first_day, NULL AS numerator, NULL AS numerator_present
    FROM requests AS q JOIN segments AS s ON s.calendar = q.calendar
    WHERE q.value_group = 1
  )
  GROUP BY request, segment, day
  WINDOW w AS (PARTITION BY request, segment ORDER BY day)
),
lines_1 AS (
  SELECT request, day, 0 AS place, day || ',' || point || chr(10) AS line
  FROM (
    SELECT x.request, x.day, s.run_starts AND x.day = s.first_day AS starts,
      CASE WHEN NOT s.live THEN ',' ELSE coalesce(CAST(x.numerator AS VARCHAR), '0') || ',' END AS point
    FROM running_1 AS x
    JOIN requests AS q ON q.request = x.request
    JOIN segments AS s ON s.calendar = q.calendar AND s.segment = x.segment
  )
  QUALIFY starts OR point IS DISTINCT FROM lag(point) OVER (PARTITION BY request ORDER BY day)
)
SELECT q.id AS request, string_agg(l.line, '' ORDER BY l.day, l.place) AS series
FROM (
  SELECT request, day, place, line FROM lines_1
  UNION ALL
  SELECT q.request, s.last_day, 1, 'end,' || s.last_day || chr(10)
  FROM requests AS q JOIN segments AS s ON s.calendar = q.calendar
  WHERE s.run_ends
) AS l
JOIN requests AS q ON q.request = l.request
GROUP BY q.id
ORDER BY q.id
