"""`railbox COMMAND`: one thin dispatcher, which loads a room only when its command is called.

So a tracker never imports the server, and `railbox --help` answers at once.
"""

import os
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Final

EXIT_USAGE: Final = 2


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    module: str
    """Holds `main(argv) -> exit code`."""
    summary: str
    needs: str = ""
    """The extra that installs what the command imports."""


COMMANDS: Final = (
    Command("demo", "railbox.demo.command", "broker, server, page and simulated trackers on this machine", "server"),
    Command("agent", "railbox_agent.run", "the tracker: reads its ports, keeps what matters, sends it"),
    Command("doctor", "railbox_agent.doctor.command", "looks at this computer's tracker, and says what to do"),
    Command("server", "railbox_server.run", "the server: stores, judges borders, serves the page", "server"),
    Command(
        "device", "railbox_server.devices", "which device is fixed to which unit; sets trackers from afar", "server"
    ),
    Command("store", "railbox_server.store.command", "backup, restore, check, rebuild of a server's store", "server"),
    Command("gaps", "railbox_server.gaps", "which batches of trackers arrived, and which are missing", "server"),
    Command("quarantine", "railbox_server.quarantine", "messages that could not be believed: list, replay", "server"),
    Command("export", "railbox_server.exports.command", "tracks, readings, visits, crossings… as files", "server"),
    Command("import", "railbox_server.imports.command", "GPX and CSV tracks into a running server", "server"),
    Command("board", "railbox_agent.board_tool.command", "the sensor board: flash, info, settings, monitor, level"),
    Command("record", "railbox_agent.record", "writes every serial byte to a recording"),
    Command("replay", "railbox_agent.replay", "plays a recording, NMEA or GPX log: as JSON lines, or to a broker"),
    Command(
        "simulate", "railbox.simulate.command", "makes recordings of journeys, with the truth beside them", "server"
    ),
    Command("borders", "railbox.borders", "visits and border crossings of logs, without a server", "server"),
    Command("corridor", "railbox_server.geo.command", "lists, shows and checks corridors", "server"),
)


def main(argv: list[str] | None = None) -> int:
    """Runs the command named first; returns its exit code: 0 ok, 1 failed, 2 usage."""
    args = sys.argv[1:] if argv is None else argv
    if not args or args[0] in ("-h", "--help"):
        print(usage())
        return 0 if args else EXIT_USAGE
    if args[0] == "--version":
        from railbox import __version__  # noqa: PLC0415 - costs a read of the installed metadata

        print(f"railbox {__version__}")
        return 0
    command = next((command for command in COMMANDS if command.name == args[0]), None)
    if command is None:
        print(f"railbox: there is no command {args[0]!r}; railbox --help lists them", file=sys.stderr)
        return EXIT_USAGE
    return run(command, args[1:])


def run(command: Command, args: list[str]) -> int:
    try:
        entry = import_module(command.module)
    except ModuleNotFoundError as error:
        if not command.needs or (error.name or "").startswith("railbox"):
            raise
        print(
            f"railbox {command.name}: {error.name} is not installed; run: pip install 'railbox[{command.needs}]'",
            file=sys.stderr,
        )
        return 1
    try:
        return entry.main(args)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output (head, less) went away: nothing is wrong, and nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def usage() -> str:
    width = max(len(command.name) for command in COMMANDS)
    lines = [f"  {command.name:<{width}}  {command.summary}" for command in COMMANDS]
    return "\n".join(
        [
            "usage: railbox COMMAND [options]",
            "",
            "Follows rail containers across borders.",
            "",
            *lines,
            "",
            "railbox COMMAND --help tells each one's options, with examples.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
