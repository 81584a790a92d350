"""What a `where` and a model may say."""

from __future__ import annotations

import measure_worlds as w
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from scoreline.core.errors import ExpressionError
from scoreline.core.model import ColumnType
from scoreline.measures.allowed import check_model, check_where
from scoreline.measures.allowlist import sql_text

COLUMNS = {c.name: c.type for c in w.COLUMNS} | {
    "notes": ColumnType("json"),
    "user": ColumnType("text"),
}
READS = ("lms.results", "models.latest")

LEGAL_WHERES = """
course = 'A'
Course = 'A' and SCORE >= 85
course in ('A', 'B') or course is null
not (score between 10 and 20.5)
course not in ('A', 'B')
score not between 1 and 2
course like 'A%' and course not ilike '%x'
course like '50!%' escape '!'
score >= 0.5 * level
level % 2 = 1 and level // 2 > 1
cast(score / 2 as decimal(10,4)) > 1.5
-level < +3
level::text = '3'
try_cast(course as integer) is not null
coalesce(course, team, '') <> ''
nullif(course, '') is distinct from team
case when score > 50 then 'high' else 'low' end = 'high'
if(score > 50, true, false)
greatest(level, 2) = least(level, 5)
lower(trim(course)) = 'a' and upper(team) = 'RED'
length(course) = 3 and left(course, 1) = 'A' and right(course, 1) = 'C'
substring(course, 1, 2) = 'AB' or substr(course, 2) = 'B'
replace(course, '-', '') = 'AB'
contains(course, 'x') or starts_with(course, 'y') or ends_with(course, 'z')
prefix(course, 'y') or suffix(course, 'z')
split_part(course, '-', 1) = 'A'
strpos(course, 'x') > 0 and position('x' in course) > 0
concat(course, team) = 'Ared' and course || team = 'Ared'
regexp_matches(course, '^[A-C]+$') and course ~ 'x'
regexp_extract(course, '([0-9]+)', 1) = '7'
regexp_replace(course, '[0-9]+', '', 'g') = 'A'
list_contains(string_split(course, ','), 'x')
round(score, 1) > 2 and abs(score) < 9 and ceil(score) = floor(score) and sign(score) = 1
done_at >= timestamptz '2026-01-01 00:00:00+00' and due_on < date '2026-02-01'
date_trunc('month', done_at) = date '2026-01-01'
extract(year from done_at) = 2026 and date_part('month', due_on) = 2
year(due_on) = 2026 and quarter(due_on) = 1 and isodow(due_on) < 6
date_diff('day', due_on, cast(done_at as date)) <= 3
due_on + interval 3 day > cast(done_at as date)
strftime(done_at, '%Y-%m') = '2026-01'
strptime(course, '%Y') > timestamp '2026-01-01'
(done_at at time zone 'Europe/Berlin') >= timestamp '2026-01-01'
last_day(due_on) = due_on and dayname(due_on) = 'Monday'
notes ->> '$.kind' = 'exam' and notes -> '$.a.b' is not null
json_extract_string(notes, '$.kind') = 'exam'
(course, team) in (('A', 'red'), ('B', 'blue'))
course = 'it''s' -- a comment
/* one */ course = 'A' /* two */
user = 'ann' and "user" <> 'bob'
course = 'A';
md5(course) = 'x' and lpad(course, 3, '0') = '00A'
""".strip().splitlines()

ILLEGAL_WHERES = """
now() > done_at
done_at < current_timestamp
due_on < current_date
due_on = today()
due_on = current_date()
done_at > get_current_timestamp()
done_at > localtimestamp
age(done_at) > interval 1 day
random() < 0.5
uuid() = course
gen_random_uuid() is not null
setseed(0.5) is null
nextval('s') > 0
txid_current() > 0
current_setting('threads') = '1'
current_user = course
session_user = course
getenv('HOME') = course
getvariable('x') = 1
read_csv('x.csv')
read_text('/etc/passwd') = course
course in (select content from read_text('/etc/passwd'))
glob('*') is not null
read_parquet('x')
course = (select 1)
exists (select 1 from lms.results)
course in (select course from lms.results)
score > any (select 1)
count(*) > 1
sum(score) > 1
max(level) = 2
row_number() over (order by id) = 1
lag(score) over (order by id) > 1
avg(score) > 1
sqrt(score) > 2
ln(score) > 2
power(score, 2) > 4
score ** 2 > 4
score ^ 2 > 4
score / 2 > 1
cast(score / 2 as text) = '1'
score::double > 1
cast(score as float) > 1
cast(score as real) > 1
1e3 < score
score > 123456789012345678901234567890123456789012
extract(epoch from done_at) > 1
date_part('epoch', done_at) > 1
date_part(course, done_at) > 1
extract(julian from done_at) > 1
epoch(done_at) > 1
course = $1
course = ?
course = $name
course = :name
nobody = 1
lms.results.course = 'A'
r.course = 'A'
rowid = 1
_valid_from is null
*
columns(*) is null
course = 'A'; drop table x
course = 'A' ; ; select 1
drop table x
attach 'x.db'
copy x to 'y'
pragma database_list
set threads = 1
install httpfs
course = 'A' union select 1
course = 'A' order by 1
course = 'A' limit 1
unnest([1, 2]) = 1
generate_series(1, 2) is not null
list_filter([1], x -> true) is not null
error('x') is null
hash(course) = 1
course = E'\\x41'
course = $$A$$
course collate nocase = 'a'
course similar to 'x'
query('select 1') is null
getenv(course) is null
pg_sleep(1) is null
{'a': 1} is not null
course = 'A
(course = 'A'
course = 'A')
course =
= 'A'
""".strip().splitlines()

LEGAL_MODELS = """
select * from lms.results
SELECT r.* EXCLUDE (score), r.score AS points FROM LMS.Results r;
from lms.results select course where score > 1
with best as (select learner, max(score) as score from lms.results group by learner) select * from best
with a as (select * from lms.results), b as (select * from a) select * from b join a using (id)
select team, count(*) as n, count(distinct learner) as l, sum(score) as s from lms.results group by all
select team from lms.results group by team having count(*) > 1
select *, row_number() over (partition by learner order by done_at desc, id) as n from lms.results
select * from lms.results qualify rank() over (partition by learner order by score desc) = 1
select id, lag(score, 1) over (partition by learner order by id) as before from lms.results
select id, sum(score) over (partition by team) as s from lms.results
select sum(level) over (order by id rows between 2 preceding and current row) as s from lms.results
select a.id from lms.results a left join models.latest b on a.id = b.id where b.id is null
select a.id from lms.results a semi join models.latest b on a.id = b.id
select id from lms.results union all select id from models.latest
select id from lms.results except select id from models.latest
select * from lms.results order by id limit 10
select count(*) filter (where score > 1) as n, bool_or(score > 1) as b from lms.results
select string_agg(course, ',' order by course) as c, list(id order by id) as i from lms.results
select arg_max(score, done_at) as s, min_by(score, id) as f, quantile_disc(score, 0.5) as m from lms.results
select cast(sum(score) / count(*) as decimal(18,6)) as mean from lms.results group by team
select id from lms.results where course in (select course from models.latest where level > 1)
select id from lms.results a where exists (select 1 from models.latest b where b.id = a.id)
select distinct learner, team from lms.results
(select 1 as a)
select x.a from (values (1, 'x'), (2, 'y')) as x(a, b)
""".strip().splitlines()

ILLEGAL_MODELS = """
select * from lms.other
select * from other
select * from information_schema.tables
select * from duckdb_settings()
select * from 'x.csv'
select * from "x.csv"
select * from read_csv('x.csv')
select * from '/etc/passwd'
with "x.csv" as (select 1) select * from "x.csv"
select * from (with inside as (select 1) select * from inside), inside
with a as (select * from b), b as (select 1) select * from a
with a as (select * from a) select * from a
with recursive a as (select 1 union all select * from a) select * from a
select * from lms.results limit 3
select * from lms.results offset 3
select * from (select * from lms.results limit 3)
select distinct on (team) * from lms.results
select first(score), last(score) from lms.results
select any_value(score) from lms.results
select mode(score) from lms.results
select string_agg(course, ',') from lms.results
select list(id) from lms.results
select row_number() over () from lms.results
select row_number() over (partition by team) from lms.results
select first_value(score) over (partition by team) from lms.results
select avg(score) from lms.results
select median(score) from lms.results
select stddev(score) from lms.results
select score / 2 as s from lms.results
select score::double from lms.results
select approx_count_distinct(id) from lms.results
select now() from lms.results
select current_date as d from lms.results
select random() from lms.results
select * from lms.results tablesample 10%
select * from lms.results using sample 10
select * from lms.results positional join models.latest
select * from lms.results asof join models.latest using (done_at)
select * from lms.results natural join models.latest
select * from lms.results, lateral (select 1)
select unnest([1, 2])
select * from range(3)
select * from generate_series(1, 3)
select rowid from lms.results
select columns(*) from lms.results
select * from lms.results for update
select id into x from lms.results
select 1; select 2
select 1; drop table x
insert into lms.results select * from lms.results
create table x as select 1
update lms.results set id = 1
delete from lms.results
attach 'x.db'
copy (select 1) to 'x'
pragma version
explain select 1
describe lms.results
call pragma_version()
export database 'x'
load httpfs
set threads = 1
select * from lms.results at (version => 1)
pivot lms.results on team using count(*)
select getenv('HOME') as h
values (1)
""".strip().splitlines()


@pytest.mark.parametrize("sql", LEGAL_WHERES)
def test_legal_wheres_run_in_duckdb_as_they_are_written_out(sql: str) -> None:
    """What passes is listed nodes only, is stable when read again, and DuckDB binds it."""
    text = sql_text(check_where(sql, COLUMNS))
    assert sql_text(check_where(text, COLUMNS)) == text
    database = w.Database.open("UTC")
    database.connection.execute("ALTER TABLE lms.results ADD COLUMN notes JSON")
    database.connection.execute('ALTER TABLE lms.results ADD COLUMN "user" VARCHAR')
    database.connection.execute(f"SELECT count(*) FROM lms.results WHERE {text}")


@pytest.mark.parametrize("sql", ILLEGAL_WHERES)
def test_hostile_wheres_are_refused(sql: str) -> None:
    """Nothing that reads elsewhere, depends on clock or chance, or is not exact passes."""
    with pytest.raises(ExpressionError):
        check_where(sql, COLUMNS)


@pytest.mark.parametrize("sql", LEGAL_MODELS)
def test_legal_models_run_in_duckdb_as_they_are_written_out(sql: str) -> None:
    """What passes can be made a view by DuckDB."""
    text = sql_text(check_model(sql, READS))
    assert sql_text(check_model(text, READS)) == text
    database = w.Database.open("UTC")
    database.connection.execute("CREATE VIEW models.latest AS SELECT * FROM lms.results")
    database.connection.execute(f"CREATE VIEW models.x AS {text}")
    database.connection.execute("SELECT * FROM models.x").fetchall()


@pytest.mark.parametrize("sql", ILLEGAL_MODELS)
def test_hostile_models_are_refused(sql: str) -> None:
    """No other table, file, statement, and nothing whose answer is chance."""
    with pytest.raises(ExpressionError):
        check_model(sql, READS)


@pytest.mark.parametrize(
    ("sql", "parts"),
    [
        ("course = 'A'\nand now() > done_at", ["line 2, column 5", "`now()`", "clock"]),
        ("scre > 1", ["line 1, column 1", "`scre`", "legal: score"]),
        ("score / 2 > 1", ["`score / 2`", "CAST(a / b AS DECIMAL(18,6))"]),
        ("avg(score) > 1", ["`AVG(score)`", "sum and count"]),
        ("course = (select 1)", ["`(SELECT 1)`", "model"]),
        ("score > 1 and", ["cannot be read", "legal: one condition"]),
        ("level = 1; level = 2", ["line 1, column 10", "`;`", "second statement"]),
        ("uuid() = course", ["`UUID()`", "chance"]),
        ("course = $1", ["`$1`", "write the value"]),
    ],
)
def test_a_refusal_says_where_what_and_what_is_legal(sql: str, parts: list[str]) -> None:
    """The error names the position, the offending text, the reason and the legal form."""
    with pytest.raises(ExpressionError) as caught:
        check_where(sql, COLUMNS)
    for part in parts:
        assert part in str(caught.value)


def test_an_unknown_table_is_answered_with_the_nearest_name() -> None:
    """A misspelt stream in a model shows what it may have meant."""
    with pytest.raises(ExpressionError, match=r"`lms\.result` .*legal: lms\.results"):
        check_model("select * from lms.result", READS)


def test_columns_are_not_checked_where_they_are_not_known() -> None:
    """A model that was never built takes any plain column, but no pseudo-column."""
    assert sql_text(check_where("anything = 1", None)) == '"anything" = 1'
    with pytest.raises(ExpressionError, match="rowid"):
        check_where("rowid = 1", None)


def test_very_long_and_very_deep_texts_are_refused() -> None:
    """Size and nesting have limits, and reaching them is a clear refusal."""
    for sql in (
        "(" * 5000 + "1" + ")" * 5000,
        "1+" * 9000 + "1",
        "a" * 30_000,
        "not " * 4000 + "a",
    ):
        with pytest.raises(ExpressionError):
            check_where(sql, None)


WORDS = (
    "select from where with as ( ) [ ] { } , ; . * + - / % ^ || :: = <> < > -> ->> ? $1 :a "
    "and or not in is null case when then else end like between over partition by order "
    "limit cast interval date union exists values filter within group distinct lambda x "
    "course score lms.results models.latest now() 'a' 1 1e9 \" ' $$ -- /* */ # @ ! ~ \\ "
    "unnest struct map pivot array try extract year timestamp at time zone"
)
TOKENS = st.sampled_from([*WORDS.split(), "\n", "\x00", "é", "😀"])


@settings(max_examples=300, deadline=None)
@given(st.lists(TOKENS, max_size=25).map(" ".join) | st.text(max_size=60))
def test_whatever_is_written_is_a_tree_or_a_refusal(sql: str) -> None:
    """No text ends in any other error, and what passes can be written out."""
    for check in (lambda: check_where(sql, COLUMNS), lambda: check_model("select " + sql, READS)):
        try:
            tree = check()
        except ExpressionError:
            continue
        assert isinstance(tree, exp.Expr)
        assert sql_text(tree)
