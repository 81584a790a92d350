"""Runs in Kolibri's own shell: people and their logs from exports of another Kolibri.

Environment: USERS and SUMMARY name the CSV files; CHANGED, where set, adds a log instead.
"""

# ruff: noqa: T201
import csv
import os
import pathlib
import uuid

from dateutil import parser
from django.utils import timezone
from kolibri.core.auth.models import Facility, FacilityUser
from kolibri.core.logger.models import ContentSessionLog, ContentSummaryLog

facility = Facility.objects.get()


def log(user, row):
    start, end = (parser.parse(row[f"Time of {n} interaction"]) for n in ("first", "last"))
    done = row["Time of completion"]
    known = {
        "user": user,
        "dataset": facility.dataset,
        "content_id": row["Content id"],
        "channel_id": row["Channel id"],
        "kind": row["Content kind"],
        "start_timestamp": start,
        "end_timestamp": end,
        "time_spent": float(row["Time Spent (sec)"]),
        "progress": min(float(row["Progress (0-1)"]) + 1e-6, 1.0),  # its export cuts digits off
    }
    ContentSessionLog.objects.create(**known)
    ContentSummaryLog.objects.create(
        **known, completion_timestamp=parser.parse(done) if done else None
    )


def rows(name):
    with pathlib.Path(os.environ[name]).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


if os.environ.get("CHANGED"):
    first = rows("SUMMARY")[0]
    user = FacilityUser.objects.get(username=first["Username"])
    log(
        user,
        {
            **first,
            "Content id": uuid.uuid4().hex,
            "Time of last interaction": timezone.now().isoformat(),
        },
    )
else:
    users = {}
    for row in rows("USERS"):
        name = row["Username (USERNAME)"]
        users[name] = FacilityUser(
            username=name,
            full_name=row["Full name (FULL_NAME)"],
            facility=facility,
            dataset=facility.dataset,
            password="NOT_SPECIFIED",
        )
        users[name].save()
    for row in rows("SUMMARY"):
        log(users[row["Username"]], row)
print("loaded", ContentSummaryLog.objects.count())
