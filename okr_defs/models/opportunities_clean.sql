-- Opportunities with one spelling for each product.
select
  opportunity_id,
  team,
  case when product = 'GTXPro' then 'GTX Pro' else product end as product,
  account,
  deal_stage,
  close_date,
  close_value
from crm.opportunities
