"""How often logging in may fail: by address, by name, and by both.

What belongs here: counting failures in this process. What does not: what a login is.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from ipaddress import ip_address
from threading import Lock

WINDOW = 15 * 60
"""Seconds that a failure counts."""
LIMITS = {"both": 5, "address": 20, "name": 50}
"""How many failures within the window close the door for an address and name together, an
address, and a name (from wherever: higher, so that nobody can lock another out at once)."""
_REMEMBERED = 20_000


class LoginLimits:
    """Failures of the last quarter of an hour.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[Hashable, deque[float]] = OrderedDict()
        self._lock = Lock()

    def wait(self, address: str, name: str) -> int:
        """How many seconds the next attempt has to wait; 0 if it need not."""
        with self._lock:
            return max(self._wait(key, limit) for key, limit in _keys(address, name))

    def failed(self, address: str, name: str) -> None:
        """Count a failure."""
        with self._lock:
            for key, limit in _keys(address, name):
                times = self._failed.setdefault(key, deque(maxlen=limit))
                times.append(self._clock())
                self._failed.move_to_end(key)
            while len(self._failed) > _REMEMBERED:
                self._failed.popitem(last=False)

    def succeeded(self, address: str, name: str) -> None:
        """Forget the failures of this name from this address."""
        with self._lock:
            self._failed.pop(("both", address, name.casefold()), None)

    def _wait(self, key: Hashable, limit: int) -> int:
        times = self._failed.get(key)
        if times is None or len(times) < limit:
            return 0
        return max(0, int(times[0] + WINDOW - self._clock()) + 1)


def address_of(client: str, forwarded: str) -> str:
    """Where an attempt comes from, as far as can be told.

    A client on this machine or in a private network may be a proxy: then the address that
    it added last to `X-Forwarded-For` counts. Somebody inside who lies there is still held
    by the limit of the name.
    """
    last = forwarded.rpartition(",")[2].strip()
    try:
        is_inside = ip_address(client).is_private
        return str(ip_address(last)) if is_inside and last else client
    except ValueError:
        return client


def _keys(address: str, name: str) -> tuple[tuple[Hashable, int], ...]:
    folded = name.casefold()
    return (
        (("both", address, folded), LIMITS["both"]),
        (("address", address), LIMITS["address"]),
        (("name", folded), LIMITS["name"]),
    )
