"""What the board does on each command of the host: a table from command to function.

Answers with a result of `railbox_bridge.commands`; never raises.
"""

from railbox_board.boards import Board
from railbox_board.drivers.lis3dh import Lis3dh
from railbox_board.part import Part
from railbox_board.settings import Settings
from railbox_bridge import commands
from railbox_bridge.messages import Command


class Orders:
    """Carries out commands. What concerns the flow of time is left here for `app` to see to."""

    def __init__(self, board: Board, parts: "list[Part]", settings: Settings) -> None:
        self.sample_now = False
        self.restart = False
        self.blink_s = 0
        self._board = board
        self._parts = parts
        self._settings = settings
        self._table = {
            commands.SET: self._set,
            commands.GET: self._get,
            commands.SAMPLE_NOW: self._sample_now,
            commands.RESTART: self._restart,
            commands.IDENTIFY: self._identify,
            commands.RESET_SETTINGS: self._reset_settings,
            commands.LEVEL: self._level,
        }

    def carry_out(self, command: Command) -> "tuple[int, int]":
        """Return (result, value) of a command of the table."""
        try:
            return self._table[command.code](command)
        except OSError:
            return commands.FAILED, 0

    def _set(self, command: Command) -> "tuple[int, int]":
        if not self._settings.change({command.argument: command.value}):
            return commands.BAD_ARGUMENT, 0
        return commands.DONE, command.value

    def _get(self, command: Command) -> "tuple[int, int]":
        if command.argument not in commands.SETTINGS:
            return commands.BAD_ARGUMENT, 0
        return commands.DONE, self._settings[command.argument]

    def _sample_now(self, _command: Command) -> "tuple[int, int]":
        self.sample_now = True
        return commands.DONE, 0

    def _restart(self, _command: Command) -> "tuple[int, int]":
        self.restart = True
        return commands.DONE, 0

    def _identify(self, command: Command) -> "tuple[int, int]":
        if self._board.led is None:
            return commands.LACKING, 0
        if not 0 <= command.value <= 60:
            return commands.BAD_ARGUMENT, 0
        self.blink_s = command.value
        return commands.DONE, 0

    def _reset_settings(self, _command: Command) -> "tuple[int, int]":
        self._settings.reset()
        return commands.DONE, 0

    def _level(self, _command: Command) -> "tuple[int, int]":
        for part in self._parts:
            attitude = part.attitude_mg() if isinstance(part, Lis3dh) else None
            if attitude is not None:
                x, y, z = attitude
                kept = self._settings.change({commands.LEVEL_X: x, commands.LEVEL_Y: y, commands.LEVEL_Z: z})
                return (commands.DONE if kept else commands.FAILED), 0
        return commands.LACKING, 0
