"""How the server's processes log: lines for people, or a JSON object a line for a log collector."""

import logging
from typing import Any, Final, Literal

from pythonjsonlogger.json import JsonFormatter

from railbox_telemetry import iso

Format = Literal["text", "json"]
FORMATS: Final[tuple[Format, ...]] = ("text", "json")
TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonLines(JsonFormatter):
    """`{"time":…,"level":…,"logger":…,"process":…,"message":…}`, with `exc_info` where something failed."""

    def __init__(self) -> None:
        names = {"levelname": "level", "name": "logger", "processName": "process"}
        super().__init__(  # pyright: ignore[reportUnknownMemberType] - its encoder is untyped
            "%(levelname)s %(name)s %(processName)s %(message)s", rename_fields=names
        )

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = iso.from_ms(round(record.created * 1000))
        super().add_fields(log_data, record, message_dict)


def configure(level: str | int, form: Format) -> None:
    """To standard error, which systemd and containers collect. Replaces what was configured before."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(TEXT))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
