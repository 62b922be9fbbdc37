"""What the map is made of: places, their datum, and how remote they are."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec

Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90, description="degrees north")]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180, description="degrees east")]

GeoJson = dict[str, Any]
"""A GeoJSON object (RFC 7946): positions are (lon, lat), in degrees of WGS-84."""


class Datum(StrEnum):
    """The reference frame of a raw position. GCJ-02 is what WeChat's map reports."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"


class PlaceClass(StrEnum):
    """How far from help a place is; arrival promises and travel speeds follow it."""

    CITY = "city"
    RURAL = "rural"
    REMOTE = "remote"


def refuse_impossible(lat: float, lon: float) -> None:
    """Raise ValueError unless the pair is on the globe; a NaN compares false and is refused."""
    if not -90.0 <= lat <= 90.0:
        raise ValueError("lat must lie between -90 and 90 degrees")
    if not -180.0 <= lon <= 180.0:
        raise ValueError("lon must lie between -180 and 180 degrees")


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point on the globe in degrees of WGS-84, latitude first.

    Raises ValueError (msgspec.ValidationError while decoding) off the globe or for NaN.
    """

    lat: Latitude
    lon: Longitude

    def __post_init__(self) -> None:
        refuse_impossible(self.lat, self.lon)


class RawPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point as somebody reported it, in degrees, with the datum it was reported in.

    Kept beside the converted `Place`, so that a conversion can be doubted later.
    Raises ValueError (msgspec.ValidationError while decoding) off the globe or for NaN.
    """

    lat: Latitude
    lon: Longitude
    datum: Datum

    def __post_init__(self) -> None:
        refuse_impossible(self.lat, self.lon)
