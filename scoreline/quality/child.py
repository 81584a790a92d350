"""The process in which Great Expectations runs: `python -m scoreline.quality.child`.

What belongs here: reading requests, writing answers, ending in time. What does not:
judging. Answers go to what was standard output; whatever a library prints goes to standard
error instead. A reader thread ends the process as soon as its standard input closes, even
in the middle of a batch: the parent is gone, and files are only renamed once complete.
"""

from __future__ import annotations

import gc
import os
import sys
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO

from scoreline.quality.lazy import defer
from scoreline.quality.wire import read_request, write_failure, write_verdict


def main() -> None:
    """Answer requests until standard input closes."""
    answers = _take_stdout()
    lines: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_read, args=(lines,), daemon=True).start()
    defer()
    gc.disable()  # an import makes objects that stay: looking for garbage takes a tenth of it
    try:
        from scoreline.quality.judge import Judge

        judge = Judge()
    except Exception as error:
        _refuse(lines, answers, f"Great Expectations cannot be used: {error}")
        return
    gc.freeze()
    gc.enable()
    while True:
        request = read_request(lines.get())
        try:
            verdict = judge.validate(
                request.typed, request.contract, request.expectations, request.out
            )
            answer = write_verdict(verdict)
        except Exception as error:
            answer = write_failure(_reason(error))
        _send(answers, answer)


def _take_stdout() -> BinaryIO:
    """The stream for answers; file descriptor 1 becomes standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _read(lines: SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        lines.put(line)
    os._exit(0)


def _send(answers: BinaryIO, answer: bytes) -> None:
    try:
        answers.write(answer)
        answers.flush()
    except BrokenPipeError:
        os._exit(0)


def _refuse(lines: SimpleQueue[bytes], answers: BinaryIO, reason: str) -> None:
    while True:
        lines.get()
        _send(answers, write_failure(reason))


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__


if __name__ == "__main__":
    main()
