"""InfluxDB's edge: lines go out through influxdb-client's batching, questions go to /query in InfluxQL.

The one language that InfluxDB 1, 2 and 3 all speak. Knows lines and samples, nothing of the spool.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import httpx
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import WriteOptions

from railbox_server.store.influx.samples import Number, Sample
from railbox_server.store.interface import StoreError
from railbox_server.store.settings import InfluxSettings

MAX_RETRIES: Final = 2
FIRST_RETRY_MS: Final = 500
LONGEST_RETRY_MS: Final = 5_000
CLOSE_WAIT_MS: Final = 5_000

OnSent = Callable[[str], None]
OnFailed = Callable[[str, Exception], None]


class Writing:
    """One connection for writing. Each call back names the lines it is about; both come from the client's threads."""

    def __init__(self, settings: InfluxSettings, token: str | None, on_sent: OnSent, on_failed: OnFailed) -> None:
        self._settings = settings
        make: Any = InfluxDBClient  # its types leave out that a token may be None
        self._client = make(
            settings.url, token, org=settings.org, timeout=round(settings.timeout_s * 1000), enable_gzip=True
        )
        options = WriteOptions(
            batch_size=settings.batch_size,
            flush_interval=settings.flush_ms,
            max_retries=MAX_RETRIES,
            retry_interval=FIRST_RETRY_MS,
            max_retry_delay=LONGEST_RETRY_MS,
            max_retry_time=round(settings.timeout_s * 1000),
            max_close_wait=CLOSE_WAIT_MS,
        )

        def succeeded(_: object, data: bytes | str) -> None:
            on_sent(_text(data))

        def failed(_: object, data: bytes | str, error: Exception) -> None:
            on_failed(_text(data), error)

        self._api = self._client.write_api(options, success_callback=succeeded, error_callback=failed)

    def send(self, lines: str) -> None:
        """Waits for nothing: they go with others, and one of the two is called for them."""
        self._api.write(self._settings.bucket, self._settings.org, lines)

    def close(self) -> None:
        """Waits a while for what is on its way."""
        self._api.close()
        self._client.close()


class Reading:
    """Questions and answers. Any thread may ask."""

    def __init__(self, settings: InfluxSettings, token: str | None) -> None:
        self._settings = settings
        database, _, policy = settings.bucket.partition("/")
        self._params = {"db": database, "epoch": "ns", **({"rp": policy} if policy else {})}
        headers = {"Authorization": f"Token {token}"} if token else {}
        self._http = httpx.Client(timeout=settings.timeout_s, headers=headers)

    def ask(self, queries: Sequence[str]) -> list[list[Sample]]:
        """The samples that each query finds, by series and time. Raises StoreError."""
        url = f"{self._settings.url.rstrip('/')}/query"
        try:
            answer = self._http.post(url, params=self._params, data={"q": ";".join(queries)})
            body = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, json.JSONDecodeError) as error:
            raise StoreError(f"InfluxDB {self._settings.url}: {error or type(error).__name__}; is it there?") from error
        for result in [body, *body.get("results", ())]:
            if why := result.get("error") or result.get("message"):
                raise StoreError(f"InfluxDB {self._settings.url}: {why}; check store.influxdb")
        return [list(_samples(result)) for result in body["results"]]

    def close(self) -> None:
        self._http.close()


def _samples(result: dict[str, Any]) -> Iterable[Sample]:
    for series in result.get("series", ()):
        tags = series["tags"]
        device, epoch = tags["device"], int(tags["epoch"])
        _, *names = series["columns"]
        for at_ns, *values in series["values"]:
            fields: dict[str, Number] = {
                name: value for name, value in zip(names, values, strict=True) if value is not None
            }
            yield Sample(series["name"], device, epoch, at_ns, fields)


def _text(data: bytes | str) -> str:
    return data.decode() if isinstance(data, bytes) else data
