-- Who works here and has passed the CRM course's final test: of several attempts the best
-- one counts, and whoever reached 85 once stays proficient from that day on.
with passed as (
  select
    learner,
    min(completed_at) as proficient_at,
    max(grade) as best_grade
  from lms_moodle.crm_attempts
  where state = 'Finished' and grade >= 85
  group by learner
)
select
  staff.email,
  staff.team,
  passed.proficient_at,
  passed.best_grade
from hr.staff as staff
join passed on passed.learner = staff.email
where staff.left_on is null
