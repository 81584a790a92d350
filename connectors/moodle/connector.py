"""The `moodle` kind: courses, people, completion, activities and grades by web services.

What belongs here: how Moodle is asked and what its answers mean. What does not: the base.

Source: Moodle's REST protocol for web services, seen on Moodle 4.3: every error comes with status
200 and a body that says so; completion is asked for each course and person; a course without
completion criteria answers with an error; completion is computed by Moodle's own cron, so a change
shows some minutes later; times are seconds since 1970, 0 or null where there is none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Literal, cast

from pydantic import Field

from connectors.base import StreamSpec
from connectors.errors import ConnectorError, PermanentError, TransientError
from connectors.http.answers import Answer
from connectors.http.connector import HttpConnector
from connectors.http.cursor import Position
from connectors.http.documents import parsed
from connectors.http.options import HttpSource
from connectors.http.pages import Shape
from connectors.http.paging import Ask
from connectors.http.walking import Listing, Page, walk
from connectors.options import Options, parse_options

PEOPLE = 500
"""People asked for at once."""

NO_COMPLETION = ("nocriteriaset", "cannotviewreport", "completionnotenabled")
TRANSIENT = ("dmlreadexception", "dmlwriteexception", "ddldependencyerror", "sitemaintenance")


class NoCompletionError(PermanentError):
    """The course has no completion criteria: there is nothing to say of anyone."""


class MoodleSource(HttpSource):
    """Options at the source; `url` is the site, such as https://lms.acme.example."""

    token: str = Field(
        description='of a web service account, by reference: "${env:MOODLE_TOKEN}"', repr=False
    )


class MoodleStream(Options):
    """Options at a stream: a list."""

    list: Literal["courses", "people", "completion", "activities", "grades"] = Field(
        description="courses; people enrolled, completion, activities' completion and grade "
        "items of each course; the members courseid and userid are always there"
    )
    courses: tuple[int, ...] = Field(
        default=(), description="only these courses' ids; all visible ones if left out"
    )


class MoodleConnector(HttpConnector):
    """A Moodle site."""

    kind = "moodle"
    version = "1"
    about = "courses, people, completion, activities and grades of Moodle, by web services"
    SourceOptions = MoodleSource
    StreamOptions = MoodleStream

    def pages(self, spec: StreamSpec, since: Position | None) -> Iterator[Page]:
        """The pages of the list; Moodle cannot say what changed, so everything is read."""
        del since
        options = parse_options(MoodleStream, spec.options)
        if options.list == "courses":
            yield from self._walk("core_course_get_courses", {})
            return
        without = list[str]()
        for course in self._courses(options):
            try:
                yield from self._of_course(options.list, course)
            except NoCompletionError:
                without.append(str(course))
        if without:
            self.notes.append(f"without completion criteria: courses {', '.join(without)}")

    def judge(self, answer: Answer) -> ConnectorError | None:
        """Every error comes with status 200 and a member `exception`."""
        if answer.status != 200 or b'"exception"' not in answer.body[:300]:
            return None
        document = parsed(answer.body, answer.where)
        if not isinstance(document, dict) or "exception" not in document:
            return None
        code = str(document.get("errorcode", ""))
        words = self.client.scrubber.excerpt(str(document.get("message", code)).encode())
        text = f"Moodle says: {words} ({code})"
        if code in TRANSIENT:
            return TransientError(text, where=answer.where)
        if code in NO_COMPLETION and "completion" in answer.where:
            return NoCompletionError(text, where=answer.where)
        return PermanentError(
            text,
            where=answer.where,
            do="Check the token, the functions of its web service, and the account's rights",
        )

    def _courses(self, options: MoodleStream) -> list[int]:
        if options.courses:
            return list(options.courses)
        ids = list[int]()
        for page in self._walk("core_course_get_courses", {}):
            for line in page.cut.lines.to_pylist():
                course = json.loads(line)
                if course.get("format") != "site":  # the front page counts as a course
                    ids.append(int(course["id"]))
        return sorted(ids)

    def _of_course(self, what: str, course: int) -> Iterator[Page]:
        if what == "people":
            yield from self._people(course)
            return
        if what == "grades":
            yield from self._walk(
                "gradereport_user_get_grade_items",
                {"courseid": course},
                records="usergrades",
                explode="gradeitems",
                carry=("courseid", "userid", "userfullname"),
            )
            return
        people = [
            int(json.loads(line)["id"])
            for page in self._people(course)
            for line in page.cut.lines.to_pylist()
        ]
        yield from self._side_by_side(people, lambda person: self._of_person(what, course, person))

    def _people(self, course: int) -> Iterator[Page]:
        """Past the end Moodle gives an empty list."""
        start = 0
        while True:
            limits = {"limitfrom": start, "limitnumber": PEOPLE, "sortby": "id"}
            asked: dict[str, Any] = {"courseid": course}
            for number, (name, value) in enumerate(limits.items()):
                asked |= {f"options[{number}][name]": name, f"options[{number}][value]": value}
            (page,) = self._walk(
                "core_enrol_get_enrolled_users", asked, context={"courseid": course}
            )
            if not page.cut.rows:
                return
            yield page
            start += page.cut.rows

    def _of_person(self, what: str, course: int, person: int) -> list[Page]:
        asked, context = (
            {"courseid": course, "userid": person},
            {"courseid": course, "userid": person},
        )
        if what == "activities":
            function = "core_completion_get_activities_completion_status"
            return list(self._walk(function, asked, records="statuses", context=context))
        function = "core_completion_get_course_completion_status"
        return list(self._walk(function, asked, shape="object", context=context))

    def _side_by_side(self, people: list[int], work: Callable[[int], list[Page]]) -> Iterator[Page]:
        """Pages of each person in order, some asked for at once; a bounded number is held."""
        width = self.effort.concurrency
        waiting = iter(people)
        with ThreadPoolExecutor(width, "moodle") as pool:
            running = [pool.submit(work, person) for person in islice(waiting, 2 * width)]
            while running:
                done = running.pop(0)
                try:
                    yield from done.result()
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise
                running += [pool.submit(work, person) for person in islice(waiting, 1)]

    def _walk(
        self,
        function: str,
        asked: Mapping[str, Any],
        *,
        records: str = "",
        shape: Shape = "array",
        context: Mapping[str, Any] | None = None,
        explode: str = "",
        carry: tuple[str, ...] = (),
    ) -> Iterator[Page]:
        options = cast(MoodleSource, self.options)
        # the name of the function stands in the address for people; the token in the body
        ask = Ask(
            "webservice/rest/server.php",
            {"wsfunction": function, "moodlewsrestformat": "json"},
            form={"wstoken": options.token, **{k: str(v) for k, v in asked.items()}},
            method="POST",
        )
        listing = Listing(
            ask, records, context=context or {}, shape=shape, explode=explode, carry=carry
        )
        return walk(self.client, listing)
