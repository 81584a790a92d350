"""`GxValidator`: checks evaluated by Great Expectations in a child process.

What belongs here: starting, asking, losing and ending the child. What does not: anything
of Great Expectations; importing it takes seconds, which the child spends while the parent
extracts and lands.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from scoreline.quality.model import CheckOutcome, CheckSpec, Verdict, action, blocks
from scoreline.quality.wire import Request, read_answer, write_request
from scoreline.quality.wording import error_sentence

_PASSED_ON = ("PATH", "TMPDIR", "TEMP", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_FIXED = {
    "TZ": "UTC",
    "PYTHONUTF8": "1",
    "PYTHONWARNINGS": "ignore",
    "GX_ANALYTICS_ENABLED": "false",
    "TQDM_DISABLE": "1",
}
_GRACE = 5.0
"""Seconds that a child gets to end by itself."""


class GxValidator:
    """The `Validator` of the product.

    The child starts with `start()` or with the first batch, serves any number of batches
    one at a time, and ends when the validator is closed or this process ends in whatever
    way. A child that dies makes every check of its batch an `error` outcome; the next batch
    gets a new one.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the child unless it runs; returns at once, its imports go on meanwhile."""
        if self.pid is not None:
            return  # it may be busy with a batch of another thread: nothing to wait for
        with self._lock:
            self._start()

    @property
    def pid(self) -> int | None:
        """The running child's process id; None where there is none."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def validate(
        self,
        typed: Path,
        contract: Sequence[CheckSpec],
        expectations: Sequence[CheckSpec],
        out: Path,
    ) -> Verdict:
        """Evaluate the checks of one batch (`model.Validator`)."""
        request = Request(typed.absolute(), out.absolute(), tuple(contract), tuple(expectations))
        if not request.checks:
            return Verdict(
                (), blocked=False, quarantined_rows=0, quarantine_file=None, kept_file=None
            )
        with self._lock:
            answer = self._ask(write_request(request))
            if answer:
                verdict = read_answer(answer, request.checks)
            else:
                verdict = f"the process that runs the checks {self._bury()}"
        return _all_errors(request.checks, verdict) if isinstance(verdict, str) else verdict

    def close(self) -> None:
        """End the child."""
        with self._lock:
            if self._child is not None:
                self._end(self._child)
            self._forget()

    def __enter__(self) -> GxValidator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._forget()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the child
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "scoreline.quality.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_environment(),
        )
        return self._child

    def _ask(self, request: bytes) -> bytes:
        """The child's answer; empty where it died."""
        child = self._start()
        if child.stdin is None or child.stdout is None:
            return b""
        try:
            child.stdin.write(request)
            child.stdin.flush()
            return child.stdout.readline()
        except (BrokenPipeError, ConnectionResetError):
            return b""
        except BaseException:
            # An answer that nobody waited for must not become the next batch's answer.
            child.kill()
            child.wait()
            self._forget()
            raise

    def _bury(self) -> str:
        """How the child ended, for people; the next batch starts another."""
        code = self._child.wait() if self._child is not None else None
        last = self._last_words()
        self._forget()
        if code is not None and code < 0:
            return f"was killed by signal {-code} (out of memory?); run it again"
        return f"ended with status {code}{': ' + last if last else ''}"

    def _last_words(self) -> str:
        if self._errors is None:
            return ""
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 2000))
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        if child.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
        try:
            child.wait(_GRACE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _forget(self) -> None:
        child, self._child = self._child, None
        for stream in (child.stdin, child.stdout) if child is not None else ():
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        if self._errors is not None:
            self._errors.close()
            self._errors = None


def _environment() -> dict[str, str]:
    """What the child needs and no more: no secret of the parent's environment is passed on."""
    roots = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    path = os.pathsep.join(root for root in roots if root)
    return {**kept, **_FIXED, "PYTHONPATH": path, "HOME": tempfile.gettempdir()}


def _all_errors(checks: Sequence[CheckSpec], reason: str) -> Verdict:
    outcomes = tuple(
        CheckOutcome(
            spec,
            "error",
            evaluated=None,
            unexpected=None,
            observed=None,
            message=error_sentence(spec.label, reason),
            took=action(spec, "error"),
            raw={"problem": reason},
        )
        for spec in checks
    )
    blocked = any(blocks(spec, "error") for spec in checks)
    return Verdict(outcomes, blocked, quarantined_rows=0, quarantine_file=None, kept_file=None)
