"""Events sent to a URL of the user's as JSON, beside the role and never in its way."""

import json
import logging
import queue
import threading
import time

import urllib3

from compute.chain.endpoint import masked
from compute.inert import inert

logger = logging.getLogger(__name__)

WAITING = 100  # events that may wait; of more, the newest are dropped
QUIET_SECONDS = 3_600.0  # for which the same sentence is not sent again
ROUTINE = frozenset({"sent"})  # what a person need not be told
PAUSES = (0.0, 2.0, 10.0)  # seconds before each attempt


class Webhook(logging.Handler):
    """Posts {"event", "text", "level", "time", ...facts, ...about} of each event to `url`.

    `text` is what Slack and Mattermost show, and `content` the same for Discord.
    """

    def __init__(self, url: str, about: dict[str, str | int], timeout: float = 10.0) -> None:
        """`about` says whose events they are. Raises ValueError for what is no http(s) URL."""
        super().__init__()
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"'{masked(url) if '://' in url else url[:40]}' is no URL for events.")
        self._url = url
        self._about = about
        self._pool = urllib3.PoolManager(retries=False, timeout=timeout)
        self._last: dict[str, float] = {}
        self._queue: queue.Queue[bytes] = queue.Queue(WAITING)
        threading.Thread(target=self._deliver, daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        name = getattr(record, "event", None)
        if name is None or name in ROUTINE or not self._is_new(record.getMessage()):
            return
        text = inert(record.getMessage())
        body = {
            "event": name, "text": text, "content": text, "level": record.levelname.lower(),
            "time": int(record.created), **getattr(record, "facts", {}), **self._about,
        }  # fmt: skip
        try:
            self._queue.put_nowait(json.dumps(body).encode())
        except queue.Full:
            return

    def drain(self, seconds: float) -> None:
        """Give what waits so much time to leave, at the end."""
        end = time.monotonic() + seconds
        while self._queue.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.02)

    def _is_new(self, sentence: str) -> bool:
        now = time.monotonic()
        self._last = {s: at for s, at in self._last.items() if now - at < QUIET_SECONDS}
        return self._last.setdefault(sentence, now) == now

    def _deliver(self) -> None:
        while True:
            body = self._queue.get()
            for pause in PAUSES:
                time.sleep(pause)
                if self._post(body):
                    break
            self._queue.task_done()

    def _post(self, body: bytes) -> bool:
        try:
            answer = self._pool.request(
                "POST", self._url, body=body, headers={"Content-Type": "application/json"},
                redirect=False, preload_content=False,
            )  # fmt: skip
            answer.close()
        except (urllib3.exceptions.HTTPError, OSError):
            return False
        return answer.status < 500
