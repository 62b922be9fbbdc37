"""Places refuse what is not on the globe, built or decoded."""

import math

import msgspec
import pytest

from grid.geography.types import Datum, Place, RawPlace


@pytest.mark.parametrize(
    ("lat", "lon"),
    [(90.1, 0), (-90.1, 0), (0, 180.1), (0, -180.1), (math.nan, 0), (0, math.nan), (math.inf, 0)],
)
def test_impossible_positions_are_refused_when_built(lat: float, lon: float) -> None:
    with pytest.raises(ValueError, match="degrees"):
        Place(lat, lon)
    with pytest.raises(ValueError, match="degrees"):
        RawPlace(lat, lon, Datum.GCJ02)


@pytest.mark.parametrize(
    "body",
    [
        b'{"lat": 91, "lon": 0}',
        b'{"lat": 0, "lon": 181}',
        b'{"lat": "29.9", "lon": 110}',
        b'{"lat": 29.9}',
        b'{"lat": null, "lon": 110}',
        b'{"lat": 29.9, "lon": 110, "alt": 5}',
        b"[29.9, 110]",
    ],
)
def test_bad_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=Place)


def test_the_corners_of_the_globe_are_places() -> None:
    assert Place(90, 180) != Place(-90, -180)
    assert msgspec.json.decode(b'{"lat": 29.9, "lon": 110.0}', type=Place) == Place(29.9, 110.0)


def test_an_unknown_datum_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"lat": 29.9, "lon": 110.0, "datum": "bd09"}', type=RawPlace)
