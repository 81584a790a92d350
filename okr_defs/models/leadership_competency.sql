-- Managers who have shown every competency: the day on which the last of the four was
-- assessed at 4.0 or more for the first time.
with shown as (
  select
    manager,
    competency,
    min(assessed_at) as shown_at
  from survey.assessments
  where score >= 4.0
  group by manager, competency
),
all_shown as (
  select
    manager,
    max(shown_at) as competent_at
  from shown
  group by manager
  having count(*) = 4
)
select
  staff.email,
  staff.team,
  all_shown.competent_at
from hr.staff as staff
join all_shown on all_shown.manager = staff.email
where staff.is_manager and staff.left_on is null
