"""Projects on disk, and the command line as a black box.

Here: writing definitions and exports, calling `scoreline` in a process of its own, reading its
JSON. Not here: any rule of scoring.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCORELINE = Path(sys.executable).with_name("scoreline")


@dataclass
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its JSON."""
        return json.loads(self.out)


@dataclass
class Outside:
    """A project seen from outside."""

    root: Path

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file below the project's folder."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def define(self, name: str, body: Any) -> None:
        """Write a definition; JSON is YAML."""
        text = body if isinstance(body, str) else json.dumps(body, indent=1, ensure_ascii=False)
        self.write(f"okr_defs/{name}.yaml", text + "\n")

    def call(self, *words: str) -> Answer:
        """Run the command line."""
        done = subprocess.run(
            [str(SCORELINE), *words, "--project", str(self.root)],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def run(self, day: str | None = None, code: int = 0) -> Any:
        """A run, which ends with the exit status given."""
        found = self.call("run", "--json", *(("--as-of", day) if day else ()))
        assert found.code == code, (found.code, found.out[-3000:], found.err[-3000:])
        return found.data

    def status(self, day: str | None = None, *more: str) -> dict[str, dict[str, Any]]:
        """What `status --json` prints, by full name."""
        found = self.call("status", "--json", *more, *(("--as-of", day) if day else ()))
        assert found.code == 0, (found.code, found.out[-3000:], found.err[-3000:])
        return {row["id"]: row for row in found.data}

    def short(self, day: str | None = None) -> dict[str, dict[str, Any]]:
        """Key results by the last part of their name."""
        return {key.rsplit("/", 1)[1]: row for key, row in self.status(day).items()}
