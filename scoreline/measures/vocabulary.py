"""The words of SQL that a `where` and a model may use; everything else is refused.

What belongs here: the list of sqlglot's node types with the arguments each may carry, the
functions that sqlglot leaves unnamed, and the advice given for the refusals people meet
most. What does not: walking a tree (allowlist).

What is on the list gives the same answer for the same rows at any time, on any machine,
in any order of rows. Floating point is not on it: a sum of doubles depends on the order
in which threads add, so a score that contains one could not be computed again.
"""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split()


SCALAR: dict[str, str] = {
    # names, literals, brackets
    "Identifier": "this quoted",
    "Column": "this table",
    "Literal": "this is_string",
    "Boolean": "this",
    "Null": "",
    "Paren": "this",
    "Tuple": "expressions",
    "Array": "expressions",
    "Var": "this",
    "Interval": "this unit",
    # logic and comparison
    "And": "this expression",
    "Or": "this expression",
    "Not": "this",
    "EQ": "this expression",
    "NEQ": "this expression",
    "GT": "this expression",
    "GTE": "this expression",
    "LT": "this expression",
    "LTE": "this expression",
    "Is": "this expression",
    "NullSafeEQ": "this expression",
    "NullSafeNEQ": "this expression",
    "Between": "this low high",
    "In": "this expressions",
    "Like": "this expression negate",
    "ILike": "this expression negate",
    "Escape": "this expression",
    "Case": "this ifs default",
    "If": "this true false",
    "Coalesce": "this expressions",
    "Nullif": "this expression",
    "Greatest": "this expressions ignore_nulls",
    "Least": "this expressions ignore_nulls",
    # numbers
    "Add": "this expression",
    "Sub": "this expression",
    "Mul": "this expression",
    "Div": "this expression",
    "IntDiv": "this expression",
    "Mod": "this expression",
    "Neg": "this",
    "Abs": "this",
    "Ceil": "this",
    "Floor": "this",
    "Round": "this decimals",
    "Sign": "this",
    # casts
    "Cast": "this to",
    "TryCast": "this to safe",
    "DataType": "this expressions",
    "DataTypeParam": "this",
    # text
    "DPipe": "this expression safe",
    "Concat": "expressions safe coalesce",
    "ConcatWs": "expressions safe coalesce",
    "Lower": "this",
    "Upper": "this",
    "Trim": "this expression position",
    "Length": "this",
    "Substring": "this start length",
    "Left": "this expression",
    "Right": "this expression",
    "Replace": "this expression replacement",
    "Contains": "this expression",
    "StartsWith": "this expression",
    "EndsWith": "this expression",
    "StrPosition": "this substr",
    "SplitPart": "this delimiter part_index",
    "Pad": "this expression fill_pattern is_left",
    "Repeat": "this times",
    "Reverse": "this",
    "Translate": "this from_ to",
    "RegexpLike": "this expression flag",
    "RegexpFullMatch": "this expression options",
    "RegexpExtract": "this expression group null_if_pos_overflow",
    "RegexpReplace": "this expression replacement modifiers single_replace",
    "Split": "this expression",
    "ArrayContains": "this expression",
    "MD5": "this",
    # days and instants
    "AtTimeZone": "this zone",
    "TimestampTrunc": "this unit",
    "DateTrunc": "this unit",
    "DateDiff": "this expression unit date_part_boundary",
    "Extract": "this expression",
    "TimeToStr": "this format",
    "StrToTime": "this format",
    "DateFromParts": "year month day",
    "LastDay": "this",
    "Year": "this",
    "Quarter": "this",
    "Month": "this",
    "Week": "this",
    "WeekOfYear": "this",
    "Day": "this",
    "Hour": "this",
    "Minute": "this",
    "Second": "this",
    "DayOfWeek": "this",
    "DayOfWeekIso": "this",
    "DayOfYear": "this",
    "Dayname": "this",
    "Monthname": "this",
    # JSON
    "JSONExtract": "this expression only_json_types",
    "JSONExtractScalar": "this expression only_json_types scalar_only",
    "JSONPath": "expressions",
    "JSONPathRoot": "",
    "JSONPathKey": "this",
    "JSONPathSubscript": "this",
    "Anonymous": "this expressions",
}
"""Legal in a `where` and in a model: node type -> the arguments it may carry."""

MODEL_ONLY: dict[str, str] = {
    # the shape of a query
    "Select": "with_ expressions distinct from_ joins where group having qualify order"
    " limit offset",
    "Union": "with_ this expression distinct order limit offset",
    "Except": "with_ this expression distinct order limit offset",
    "Intersect": "with_ this expression distinct order limit offset",
    "With": "expressions",
    "CTE": "this alias materialized",
    "Subquery": "this alias",
    "Table": "this db alias joins",
    "TableAlias": "this columns",
    "From": "this",
    "Join": "this on side kind using",
    "Where": "this",
    "Group": "expressions all",
    "Having": "this",
    "Qualify": "this",
    "Order": "this expressions",
    "Ordered": "this desc nulls_first",
    "Limit": "expression",
    "Offset": "expression",
    "Distinct": "expressions",
    "Star": "except_ replace",
    "Alias": "this alias",
    "Values": "expressions alias",
    "Exists": "this",
    # aggregates
    "Count": "this big_int",
    "CountIf": "this",
    "Sum": "this",
    "Min": "this",
    "Max": "this",
    "ArgMin": "this expression",
    "ArgMax": "this expression",
    "LogicalAnd": "this",
    "LogicalOr": "this",
    "GroupConcat": "this separator",
    "ArrayAgg": "this",
    "PercentileDisc": "this expression",
    "Filter": "this expression",
    # windows
    "Window": "this partition_by order spec over",
    "WindowSpec": "kind start start_side end end_side",
    "RowNumber": "",
    "Rank": "",
    "DenseRank": "",
    "Ntile": "this",
    "Lag": "this offset default",
    "Lead": "this offset default",
    "FirstValue": "this",
    "LastValue": "this",
    "NthValue": "this offset",
    "IgnoreNulls": "this",
}
"""Legal in a model only."""

MODEL_IN: dict[str, str] = {"In": "this expressions query"}
"""What a model may add to a node of `SCALAR`: a subquery behind IN."""

UNNAMED: dict[str, range] = {
    "date_part": range(2, 3),
    "datepart": range(2, 3),
    "date_sub": range(3, 4),
    "datesub": range(3, 4),
    "isoyear": range(1, 2),
    "yearweek": range(1, 2),
    "prefix": range(2, 3),
    "suffix": range(2, 3),
    "strip_accents": range(1, 2),
    "try_strptime": range(2, 3),
    "json_array_length": range(1, 3),
}
"""Functions that sqlglot knows by name alone, and how many arguments each takes."""

PARTS = frozenset(
    _words(
        "year years quarter quarters month months week weeks day days hour hours minute minutes "
        "second seconds millisecond milliseconds microsecond microseconds decade century isodow "
        "dow dayofweek weekday doy dayofyear isoyear yearweek weekofyear"
    )
)
"""Parts of a date that are whole numbers; `epoch` and `julian` are floating point."""

EXACT_TYPES = frozenset(
    _words(
        "BOOLEAN TINYINT SMALLINT INT BIGINT INT128 UTINYINT USMALLINT UINT UBIGINT UINT128 "
        "DECIMAL TEXT VARCHAR DATE TIME TIMESTAMP TIMESTAMPNTZ TIMESTAMPTZ INTERVAL JSON"
    )
)
"""Types a cast may name (sqlglot's names); FLOAT and DOUBLE are not among them."""

ORDERED_WINDOWS = frozenset(
    _words("RowNumber Rank DenseRank Ntile Lag Lead FirstValue LastValue NthValue")
)
"""Window functions whose answer is chance unless OVER has an ORDER BY."""

ORDERED_AGGREGATES = frozenset({"GroupConcat", "ArrayAgg"})
"""Aggregates whose answer is chance unless they carry an ORDER BY of their own."""

CLOCK = "it depends on the clock: compare with the metric's time column and let the window do it"
CHANCE = "its answer depends on chance: the same rows must give the same number every time"
FLOAT = "its result is floating point, which is not exact"
FILES = "it reads something other than the rows"
ADVICE: dict[str, str] = {
    **dict.fromkeys(
        _words(
            "now today current_date current_time current_timestamp currentdate currenttime "
            "currenttimestamp get_current_timestamp transaction_timestamp localtime localtimestamp "
            "age currenttimestampltz get_current_time"
        ),
        CLOCK,
    ),
    **dict.fromkeys(
        _words(
            "rand random uuid gen_random_uuid uuidv4 uuidv7 setseed nextval currval any_value "
            "ignorenulls first last mode arbitrary tablesample reservoir_quantile sample"
        ),
        CHANCE,
    ),
    **dict.fromkeys(
        _words(
            "avg mean median stddev stddev_samp stddev_pop variance var_pop var_samp sqrt ln log "
            "exp pow power cbrt percentilecont quantile_cont quantile percentrank cumedist "
            "sumkahan fsum epoch timetounix"
        ),
        f"{FLOAT}: use sum and count (a measure of kind average keeps both), or quantile_disc",
    ),
    "div": f"{FLOAT}: write CAST(a / b AS DECIMAL(18,6)), a // b for whole numbers, or multiply "
    "the other side of the comparison",
    **dict.fromkeys(
        _words(
            "readcsv readparquet read_csv read_csv_auto read_text read_blob read_json "
            "read_json_auto parquet_scan glob getenv current_setting parquet_metadata "
            "sniff_csv httpfs"
        ),
        FILES,
    ),
    **dict.fromkeys(
        _words("placeholder parameter sessionparameter"), "nothing is passed in: write the value"
    ),
    **dict.fromkeys(
        _words("subquery select exists union"), "put joins and subqueries into a model"
    ),
    "window": "put window functions into a model",
    **dict.fromkeys(
        _words("sum count min max countif argmin argmax groupconcat arrayagg logicaland logicalor"),
        "a `where` looks at one row: the aggregate is the measure itself",
    ),
}
"""Why a word is refused, by sqlglot's or DuckDB's name for it in lower case."""
