"""A line between the two ends of the link that loses, delays, repeats, cuts up and damages what it carries.

Time is simulated, chance is the caller's to seed. The board's clock has its own start and drift.
"""

# ruff: noqa: S311 - chance here is for noise, not for secrets

import random

from railbox_bridge.board_link import BoardLink
from railbox_bridge.host_link import HostLink

STEP_MS = 5  # how often both ends are looked at


class Line:
    """One direction: written bytes come out later, in order, except for late copies."""

    def __init__(self, loss=0.0, delay_ms=0, repeats=0.0, flips=0.0, one_byte=False):
        self.loss = loss
        self.delay_ms = delay_ms
        self.repeats = repeats
        self.flips = flips
        self.one_byte = one_byte
        self._on_the_way = []
        self._last_ms = 0

    def write(self, data, now_ms):
        for piece in data.split(b"\x00\x00"):  # frames stay apart, so that each is lost or not
            if piece:
                self._send(b"\x00" + piece.strip(b"\x00") + b"\x00", now_ms)

    def _send(self, piece, now_ms):
        if random.random() < self.loss:
            return
        if self.flips:
            piece = bytes(
                [byte ^ (1 << random.randrange(8)) if random.random() < self.flips else byte for byte in piece]
            )
        self._last_ms = max(self._last_ms, now_ms + random.randint(0, self.delay_ms))
        self._put(self._last_ms, piece)
        if random.random() < self.repeats:
            self._put(self._last_ms + random.randint(0, 400), piece)

    def _put(self, at_ms, piece):
        place = len(self._on_the_way)
        while place and self._on_the_way[place - 1][0] > at_ms:
            place -= 1
        self._on_the_way.insert(place, (at_ms, piece))

    def read(self, now_ms):
        """Return the pieces that have come by `now_ms`, each with the time it came."""
        pieces = []
        while self._on_the_way and self._on_the_way[0][0] <= now_ms:
            at_ms, piece = self._on_the_way.pop(0)
            if self.one_byte:
                pieces.extend([(at_ms, bytes((byte,))) for byte in piece])
            else:
                pieces.append((at_ms, piece))
        return pieces


class Exchange:
    """A host and a board with a line each way. `said` is all the host's end told, by class name."""

    def __init__(self, up=None, down=None, *, board_start_ms=0, drift_ppm=0, keep=True, step_ms=STEP_MS):
        self.host = HostLink(session_id=1)
        self.up = up or Line()
        self.down = down or Line()
        self.now_ms = 0
        self.said = {}
        self.carried_out = []
        self._keep = keep
        self._step_ms = step_ms
        self._drift_ppm = drift_ppm
        self._boots = 0
        self.boot(board_start_ms)

    def boot(self, board_start_ms=0):
        """Start the board anew; what it knew is gone."""
        self._boots += 1
        self._board_zero_ms = self.now_ms
        self._board_start_ms = board_start_ms
        self.board = BoardLink(1000 + self._boots, "0.1.0", "pico")
        self.board.channels = {0: 0, 1: 0}

    def board_ms(self, host_ms=None):
        """The board's clock when the host's is `host_ms`."""
        passed_ms = (self.now_ms if host_ms is None else host_ms) - self._board_zero_ms
        return self._board_start_ms + passed_ms - passed_ms * self._drift_ppm // 1000000

    def event(self, code, value=0, lasted_ms=0):
        self.board.event(code, value, self.board_ms(), lasted_ms)

    def run(self, duration_ms, every_step=None):
        """Let time pass; `every_step(now_ms)` may make things happen."""
        until_ms = self.now_ms + duration_ms
        while self.now_ms < until_ms:
            if every_step:
                every_step(self.now_ms)
            self.up.write(self.board.due(self.board_ms()), self.now_ms)
            self.down.write(self.host.due(self.now_ms), self.now_ms)
            self.now_ms += self._step_ms
            for at_ms, piece in self.down.read(self.now_ms):
                for command in self.board.feed(piece, self.board_ms(at_ms)):
                    self.carried_out.append((command.code, command.argument, command.value))
                    self.board.answer(command.id, 0, command.value)
            for at_ms, piece in self.up.read(self.now_ms):
                self._note(self.host.feed(piece, at_ms))
            self._note(self.host.feed(b"", self.now_ms))

    def _note(self, values):
        for value in values if self._keep else ():
            self.said.setdefault(type(value).__name__, []).append(value)

    def all(self, name):
        return self.said.get(name, [])
