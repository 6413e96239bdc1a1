"""Who may speak: everything is on this machine unless its owner said how others prove who they are.

Pure. Whatever listens on another address than loopback without that is a reason not to start
(docs/design.md, "Who may speak").
"""

from collections.abc import Iterator

from railbox_server.addresses import Listen


def exposures(http: Listen, broker: Listen | None, *, has_token: bool, has_credentials: bool) -> Iterator[str]:
    """One line a reason, each saying what to set. `broker`: where the embedded one listens, None for another's."""
    if not http.is_loopback and not has_token:
        yield (
            f"http.listen = {http}: other machines reach it, and no token is set. "
            "Write a long random text into a file and set http.token_file, or listen on 127.0.0.1"
        )
    if broker is not None and not broker.is_loopback and not has_credentials:
        yield (
            f"broker.listen = {broker}: other machines reach it, and devices have no credentials. "
            "Write a line DEVICE PASSWORD for each into a file, set broker.device_credentials, or listen on 127.0.0.1"
        )
