"""The sales pipeline (Maven's CRM export): its contract, its quarters as published.

What belongs here: definitions that several tests use. What does not: answers to compute.
"""

from __future__ import annotations

PUBLISHED = {
    "2017-03-31": 1_134_672,
    "2017-06-30": 3_086_111,
    "2017-09-30": 2_982_255,
    "2017-12-31": 2_802_496,
}
SOURCE = """\
source: crm
connector: files
options: {{root: "{root}"}}
streams:
  opportunities:
    options: {{glob: "{name}"}}
    columns:
      opportunity_id: text
      sales_agent: text
      product: text
      account: text
      deal_stage: {{type: text, one_of: [Prospecting, Engaging, Won, Lost]}}
      engage_date: {dates}
      close_date: {dates}
      close_value: "decimal(12,2)"
    key: [opportunity_id]
    load: merge
    event_time: close_date
    expect:
      - {{type: expect_column_values_to_not_be_null, column: sales_agent}}
      - {{type: expect_column_values_to_be_between, column: close_value, min_value: 0, max_value: 50000}}
      - {{type: expect_table_row_count_to_equal, value: 8800}}
"""
QUARTER = """\
  won_quarter: {title: W, unit: "currency:USD", from: crm.opportunities, measure: {sum: close_value, where: "deal_stage = 'Won'"}, window: quarter}
"""
