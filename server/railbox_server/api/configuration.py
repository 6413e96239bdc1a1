"""Routes of remote configuration: what trackers are to be set to, and what became of it."""

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from railbox_server.api.answers import Paged, seldom
from railbox_server.api.cursors import page_of
from railbox_server.api.examples import DevicePath
from railbox_server.api.models.configuration import (
    ConfigurationDetail,
    ConfigurationRow,
    ConfigurationRows,
    Settings,
    SettingsOfMany,
)
from railbox_server.api.problems import Problem
from railbox_server.api.services import Services
from railbox_server.configuration.rows import key_rows, known_row, wanted_row
from railbox_server.store.values import Mark, Row
from railbox_telemetry.identity import check_device


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["devices"])
    configurations = services.configurations

    def check_known(devices: Sequence[str]) -> None:
        known = services.store.known_devices()
        if strangers := [device for device in devices if check_device(device) not in known]:
            raise Problem(HTTPStatus.NOT_FOUND, f"no device {strangers[0]!r}; GET /api/devices lists them")

    @router.get("/devices/{device}/configuration", response_model=ConfigurationDetail)
    def configuration(request: Request, device: DevicePath) -> Response:
        """What the device is to be set to, what became of that, what was wanted before, and what can be set."""
        check_known([device])
        found = configurations.known(device)
        earlier = [wanted_row(wanted) for wanted in found.earlier]
        return seldom(request, {**known_row(found), "earlier": earlier, "keys": key_rows()})

    @router.put("/devices/{device}/configuration", response_model=ConfigurationRow)
    def configure(device: DevicePath, wish: Settings) -> Row:
        """Sets the device: sent at once, or when it is next there. Checked first, by the device's own rules."""
        check_known([device])
        configurations.want([device], wish.settings)
        return known_row(configurations.known(device))

    @router.get("/configurations", response_model=ConfigurationRows)
    def all_configurations(wish: Paged) -> Response:
        """Of every device that was ever to be set: what is wanted, and what became of it."""
        rows = [known_row(known) for known in configurations.all_known()]
        return wish.page("configurations", page_of(rows, _by_device, wish.limit, wish.after))

    @router.put("/configurations", response_model=ConfigurationRows)
    def configure_many(wish: SettingsOfMany) -> Row:
        """Sets several devices alike: all of them, or, where one is not known or a setting is wrong, none."""
        devices = list(dict.fromkeys(wish.devices))
        check_known(devices)
        configurations.want(devices, wish.settings)
        return {"configurations": [known_row(configurations.known(device)) for device in devices], "next": None}

    _ = (configuration, configure, all_configurations, configure_many)
    return router


def _by_device(row: Row) -> Mark:
    return (row["device"],)
