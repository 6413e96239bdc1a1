"""The link's figures, each a function of how much to try. Runs on both Pythons; `bench_link` makes a table of them.

link_figures.py NAME SIZE
"""
# ruff: noqa: S311 - chance here is for noise, not for secrets

import gc
import random
import sys
import time

HERE = __file__.rsplit("/", 1)[0] if "/" in __file__ else "."
sys.path[:0] = [HERE, HERE + "/stubs"]

from line_between import Exchange, Line  # noqa: E402 - found only now

from railbox_bridge import frame, tables  # noqa: E402
from railbox_bridge.frame import Frame, FrameReader  # noqa: E402
from railbox_bridge.host_link import HostLink  # noqa: E402
from railbox_bridge.messages import Sample  # noqa: E402

try:
    import tracemalloc
except ImportError:
    tracemalloc = None  # MicroPython's gc says what is in use

MINUTE_MS = 60000
READINGS = tuple([(channel, 200) for channel in sorted(tables.CHANNELS) if channel not in {9, 10}])


def sample_frame(seq=0):
    sample = Sample(READINGS, 3, 14, 17)
    return frame.encode(Frame(sample.kind, 0xC0FFEE, seq, 123456 + seq, sample.pack()))


def bytes_per_sample(_size):
    """Bytes on the line for one sample of all the channels that the firmware measures."""
    return len(sample_frame())


def frames_sent_per_s(size):
    """Samples packed, framed and stuffed in a second."""
    began = time.time()
    for seq in range(size):
        sample_frame(seq)
    return int(size / (time.time() - began))


def frames_read_per_s(size):
    """Samples found in the stream, checked and told by the host's link in a second."""
    line = b"".join([sample_frame(seq) for seq in range(100)])
    host = HostLink(1)
    began = time.time()
    for _ in range(size // 100):
        host = HostLink(1)
        host.feed(line, 0)
    took_s = time.time() - began
    if host.counters["samples"] != 100:
        raise ValueError("frames were not read")
    return int(size // 100 * 100 / took_s)


def damage(line):
    """Return `line` damaged as lines do: by flipped bits, a burst, a hole, a doubled piece or a swap."""
    damaged = bytearray(line)
    way = random.randrange(5)
    at = random.randrange(1, len(line) - 1)
    length = random.randint(1, min(12, len(line) - at))
    if way == 0:
        for _ in range(random.randint(1, 6)):
            damaged[random.randrange(len(line))] ^= 1 << random.randrange(8)
    elif way == 1:
        for index in range(at, at + length):
            damaged[index] = random.randrange(256)
    elif way == 2:
        damaged[at : at + length] = b""
    elif way == 3:
        damaged[at:at] = damaged[at : at + length]
    else:
        to = random.randrange(1, len(line) - 1)
        damaged[at], damaged[to] = damaged[to], damaged[at]
    return bytes(damaged)


def false_accepts(size):
    """Frames read out of `size` damaged ones that are not the one that was sent."""
    random.seed(1)
    accepted = 0
    for seq in range(size):
        sent = Frame(2, 0xC0FFEE, seq & 0xFFFF, seq, b"payload of a damaged frame")
        for got in FrameReader().feed(damage(frame.encode(sent)) + b"\x00"):
            accepted += got != sent
    return accepted


def events_lost_at_20_percent(size):
    """Events out of `size`, one a second, that the host was not told over a line that loses every fifth frame."""
    random.seed(2)
    exchange = Exchange(up=Line(loss=0.2), down=Line(loss=0.2), step_ms=20)

    def step(now_ms):
        if now_ms % 1000 == 0:
            exchange.event(tables.SHOCK)

    exchange.run(size * 1000, step)
    exchange.board.sample(())
    exchange.run(10000)
    return size - len(exchange.all("BoardEvent"))


def time_error_ms(size):
    """Worst error of the mapped time over `size` minutes at 50 ppm of drift and 20 ms of jitter, after 10 s."""
    worst_ms = 0
    for seed in range(4):
        random.seed(seed)
        drift_ppm = 50 if seed % 2 else -50
        exchange = Exchange(up=Line(delay_ms=20), down=Line(delay_ms=20), drift_ppm=drift_ppm, keep=False)
        exchange.run(10000)
        while exchange.now_ms < size * 60000:
            exchange.run(5000)
            error_ms = exchange.host.clock.to_host_ms(exchange.board_ms()) - exchange.now_ms
            worst_ms = max(worst_ms, abs(error_ms))
    return worst_ms


def bytes_grown(size):
    """Bytes of memory in use at the end of `size` minutes of a busy link more than after half of them."""
    random.seed(3)
    line = {"loss": 0.02, "delay_ms": 20, "repeats": 0.01, "flips": 0.0001}
    exchange = Exchange(up=Line(**line), down=Line(**line), drift_ppm=20, keep=False, step_ms=50)

    def step(now_ms):
        if now_ms % 10000 == 0:
            exchange.board.sample(READINGS)
        if now_ms % 60000 == 0:
            exchange.event(tables.SHOCK)
            exchange.carried_out = []

    start_measuring()
    exchange.run(size * MINUTE_MS // 2, step)
    before = memory_in_use()
    exchange.run(size * MINUTE_MS // 2, step)
    return memory_in_use() - before


def start_measuring():
    if tracemalloc is not None:
        tracemalloc.start()


def memory_in_use():
    gc.collect()
    return gc.mem_alloc() if tracemalloc is None else tracemalloc.get_traced_memory()[0]


if __name__ == "__main__":
    print(globals()[sys.argv[1]](int(sys.argv[2])))
