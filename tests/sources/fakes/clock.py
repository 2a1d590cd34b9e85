"""The time that fakes, clients and tests share: it passes when somebody lets it pass."""

from datetime import UTC, datetime, timedelta


class Clock:
    """A moment that can be moved on. now: aware."""

    def __init__(self, now: datetime) -> None:
        self.now = now.astimezone(UTC)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def wait_days(self, days: float) -> None:
        """Let days pass."""
        self.now += timedelta(days=days)
