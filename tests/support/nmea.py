"""Sentences as a receiver writes them, for tests: with checksum and line end."""

from datetime import UTC, datetime

from railbox_agent.gnss.sentences import checksum


def sentence(body: str) -> bytes:
    data = body.encode("latin-1")
    return b"$%s*%02X\r\n" % (data, checksum(data))


def angle(degrees: float, width: int, positive: str, negative: str) -> str:
    whole, minutes = divmod(round(abs(degrees) * 60 * 1e5), 60 * 10**5)
    return f"{whole:0{width}d}{minutes / 1e5:08.5f},{positive if degrees >= 0 else negative}"


def place(lat_deg: float, lon_deg: float) -> str:
    return f"{angle(lat_deg, 2, 'N', 'S')},{angle(lon_deg, 3, 'E', 'W')}"


def moment(time_s: float) -> datetime:
    return datetime.fromtimestamp(time_s, UTC)


def clock(time_s: float) -> str:
    return moment(time_s).strftime("%H%M%S.") + f"{round(time_s % 1 * 100):02d}"


def rmc(
    time_s: float,
    lat_deg: float = 29.1,
    lon_deg: float = 61.4,
    *,
    knots: float = 20.0,
    course: float = 90.0,
    status: str = "A",
    talker: str = "GP",
) -> bytes:
    date = moment(time_s).strftime("%d%m%y")
    mode = "A" if status == "A" else "N"
    return sentence(
        f"{talker}RMC,{clock(time_s)},{status},{place(lat_deg, lon_deg)},{knots:.2f},{course:.1f},{date},,,{mode}"
    )


def gga(
    time_s: float,
    lat_deg: float = 29.1,
    lon_deg: float = 61.4,
    *,
    quality: int = 1,
    sats: int = 9,
    hdop: float = 1.1,
    alt_m: float = 847.0,
    talker: str = "GP",
) -> bytes:
    return sentence(
        f"{talker}GGA,{clock(time_s)},{place(lat_deg, lon_deg)},{quality},{sats:02d},{hdop:.1f},{alt_m:.1f},M,-20.0,M,,"
    )
