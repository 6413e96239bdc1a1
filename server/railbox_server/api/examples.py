"""Examples in the API's description. Tests ask every one of them of a store of this unit and device."""

from typing import Annotated, Final

from fastapi import Path

UNIT: Final = "CSQU3054383"
DEVICE: Final = "TRK1"
CORRIDOR: Final = "karachi-moscow"
CHANNEL: Final = "temp_c"
FROM: Final = "2026-10-26T00:00:00Z"
TO: Final = "2026-10-30T00:00:00Z"
BBOX: Final = "61.0,28.5,62.0,29.5"

UnitPath = Annotated[
    str, Path(description="A container (ISO 6346) or wagon (UIC) number, however it is spaced", examples=[UNIT])
]
DevicePath = Annotated[str, Path(description="A device id: 1 to 32 of A-Z a-z 0-9 _ -", examples=[DEVICE])]
CorridorPath = Annotated[str, Path(description="A corridor's name", examples=[CORRIDOR])]
