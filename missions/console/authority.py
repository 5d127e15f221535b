"""Who asks to drive. Who does drive is the robot's to say; here questions wait for their answers."""

from __future__ import annotations

from missions.console.protocol import ASK_S


class Questions:
    """Clients that have asked the holder; times in ms."""

    def __init__(self) -> None:
        self._until_ms: dict[str, int] = {}

    def ask(self, client: str, now_ms: int) -> None:
        self._until_ms.setdefault(client, now_ms + round(ASK_S * 1000))

    def answer(self, client: str) -> bool:
        """False: it does not ask."""
        return self._until_ms.pop(client, None) is not None

    def forget(self, client: str) -> None:
        self._until_ms.pop(client, None)

    def open(self, now_ms: int) -> list[dict[str, object]]:
        """Those that still wait; the others have waited in vain."""
        self._until_ms = {c: until for c, until in self._until_ms.items() if until > now_ms}
        return [
            {"client": c, "left_s": round((until - now_ms) / 1000, 1)} for c, until in self._until_ms.items()
        ]
