"""Any byte sequence through the receiver's parser and the whole pipeline, guided by coverage: nothing may raise.

    .venv/bin/pip install atheris && .venv/bin/python benchmarks/fuzz_receiver.py -max_total_time=60 [CORPUS]

Not part of the tests, which do the same with Hypothesis: atheris has not a wheel for every Python. CORPUS: logs.
"""

import sys
from typing import Any

try:
    import atheris  # pyright: ignore[reportMissingImports] - not among the dependencies, see above
except ModuleNotFoundError:
    sys.exit("atheris is not installed; run: .venv/bin/pip install atheris")

fuzzer: Any = atheris  # pyright: ignore[reportUnknownVariableType] - it has no types

with fuzzer.instrument_imports():
    from railbox_agent.pipeline import Pipeline, Settings
    from railbox_agent.recording import Chunk
    from railbox_telemetry.values import Fix

PORTS = ("gnss", "board")


def feed(data: bytes) -> None:
    """The first bytes say how the rest comes: on which port, in what pieces, how far apart."""
    if len(data) < 4:
        return
    pipeline = Pipeline(Settings(boot_id=1))
    port, size, step_us, rest = PORTS[data[0] & 1], 1 + data[1], 1_000 * (1 + data[2] * data[3]), data[4:]
    for at, start in enumerate(range(0, len(rest), size)):
        for item in pipeline.feed(Chunk(port, at * step_us, rest[start : start + size])):
            assert not isinstance(item, Fix) or (item.lat_deg, item.lon_deg) != (0, 0)
        pipeline.outgoing(port)
    pipeline.finish()
    pipeline.troubles()


if __name__ == "__main__":
    fuzzer.Setup(sys.argv, feed)
    fuzzer.Fuzz()
