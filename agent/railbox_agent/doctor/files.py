"""Who may read the tracker's files and ports: by owner, groups and mode, for the user that the service runs as.

An edge, for it looks at the file system; access control lists are not looked at.
"""

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from railbox_agent.config import AgentConfig
from railbox_agent.doctor.certificates import valid_until_s
from railbox_agent.doctor.findings import Finding, fail, ok, warn
from railbox_agent.health.snapshot import span
from railbox_agent.sources import GPSD_SCHEME

SERVICE_USER: Final = "railbox"
SOON_S: Final = 30 * 86_400
READ: Final = 4
READ_WRITE: Final = 6


@dataclass(frozen=True, slots=True)
class User:
    name: str
    uid: int
    gids: frozenset[int]

    def may(self, found: os.stat_result, wanted: int) -> bool:
        """`wanted`: READ or READ_WRITE. Root may all."""
        if self.uid == 0:
            return True
        shift = 6 if found.st_uid == self.uid else 3 if found.st_gid in self.gids else 0
        return found.st_mode >> shift & wanted == wanted


def service_user(name: str = SERVICE_USER) -> User:
    """The service's user, with the group that its unit adds; where there is none, whoever asks."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return User(_name_of(os.geteuid()), os.geteuid(), frozenset({os.getegid(), *os.getgroups()}))
    gids = {entry.pw_gid, *os.getgrouplist(name, entry.pw_gid)}
    with suppress(KeyError):
        gids.add(grp.getgrnam("dialout").gr_gid)  # SupplementaryGroups= in the unit
    return User(name, entry.pw_uid, frozenset(gids))


def look(config: AgentConfig, path: Path, user: User, now_s: int) -> Iterator[Finding]:
    findings = [
        *_readable(path, "the settings", user),
        *_secret("uplink.password_file", config.uplink.password_file, user),
        *_secret("uplink.key_file", config.uplink.key_file, user),
        *_readable(config.uplink.ca_file, "uplink.ca_file", user),
        *_certificate(config.uplink.cert_file, user, now_s),
        *_folder(config.outbox.folder, user),
        *(finding for port in config.ports for finding in _port(port.name, port.path, user)),
    ]
    yield from findings or [ok("files", f"{user.name} may read and write what the tracker needs")]


def _readable(path: Path | None, what: str, user: User, wanted: int = READ) -> Iterator[Finding]:
    if path is None:
        return
    try:
        found = path.stat()
    except OSError as error:
        yield fail("files", f"{what}: {path}: {error.strerror}", "correct the path, or put the file there")
        return
    if not user.may(found, wanted):
        todo = f"chgrp {user.name} {path}; chmod 640 {path}"
        yield fail("files", f"{what}: {user.name} may not read {path}", todo)


def _secret(what: str, path: Path | None, user: User) -> Iterator[Finding]:
    yield from _readable(path, what, user)
    if path is not None and path.exists() and path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        yield warn("files", f"{what}: everybody on this computer may read {path}", f"chmod 640 {path}")


def _certificate(path: Path | None, user: User, now_s: int) -> Iterator[Finding]:
    yield from _readable(path, "uplink.cert_file", user)
    if path is None or not os.access(path, os.R_OK):
        return
    end_s = valid_until_s(path.read_text(encoding="ascii", errors="replace"))
    if end_s is None:
        yield warn("files", f"uplink.cert_file: no dates can be read in {path}", "see that it is a certificate in PEM")
    elif end_s < now_s:
        yield fail("files", f"uplink.cert_file: ended {span(now_s - end_s)} ago", "give this tracker a new certificate")
    elif end_s < now_s + SOON_S:
        yield warn("files", f"uplink.cert_file: ends in {span(end_s - now_s)}", "give this tracker a new certificate")


def _folder(folder: Path, user: User) -> Iterator[Finding]:
    """The outbox's folder, or the one that it is to be made in."""
    there = next((parent for parent in (folder, *folder.parents) if parent.is_dir()), None)
    if there is None or not user.may(there.stat(), READ_WRITE):
        todo = f"install -d -o {user.name} -m 750 {folder}; the service makes /var/lib/railbox by itself"
        yield fail("files", f"outbox.folder: {user.name} may not write in {there or folder}", todo)


def _port(name: str, path: str, user: User) -> Iterator[Finding]:
    if path.startswith(GPSD_SCHEME) or not Path(path).exists():
        return  # that it is not there is said of the port
    if not user.may(Path(path).stat(), READ_WRITE):
        group = _group_of(Path(path).stat().st_gid)
        yield fail("files", f"port {name}: {user.name} may not use {path}", f"usermod -a -G {group} {user.name}")


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_of(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
