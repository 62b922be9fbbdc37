"""WGS-84 and GCJ-02, the shifted datum of maps published in China.

The forward formula is the one in public circulation. It leaves out the noise term of the
official transform, so real maps differ from it by metres: nothing built on it may promise
better than about five metres. The inverse has no closed form and is found by iteration.
"""

from math import cos, pi, radians, sin, sqrt

from grid.geography.types import Datum, Place, RawPlace

# The Krasovsky 1940 ellipsoid, on which the shift is defined.
SEMI_MAJOR_AXIS_M = 6378245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323

# The shift is defined as polynomials and waves around this point.
ORIGIN_LAT_DEG = 35.0
ORIGIN_LON_DEG = 105.0

# Outside this rectangle the datum equals WGS-84. Its edge is a jump of hundreds of metres and it
# also covers neighbouring countries: convert only what its source calls GCJ-02.
SOUTH_DEG, NORTH_DEG = 0.8293, 55.8271
WEST_DEG, EAST_DEG = 72.004, 137.8347

INVERSE_TOLERANCE_DEG = 1e-10
INVERSE_ROUNDS_MAX = 10


def is_shifted(lat: float, lon: float) -> bool:
    """Say whether GCJ-02 differs from WGS-84 at this position (degrees)."""
    return SOUTH_DEG <= lat <= NORTH_DEG and WEST_DEG <= lon <= EAST_DEG


def gcj02_from_wgs84(place: Place) -> RawPlace:
    """Shift a place to GCJ-02; outside the rectangle the numbers stay as they are."""
    lat, lon = _shifted(place.lat, place.lon)
    return RawPlace(lat, lon, Datum.GCJ02)


def wgs84_from_raw(raw: RawPlace) -> Place:
    """Give the WGS-84 place of a reported position; within 0.001 m of the formula's inverse."""
    if raw.datum is Datum.WGS84:
        return Place(raw.lat, raw.lon)
    lat, lon = raw.lat, raw.lon
    for _ in range(INVERSE_ROUNDS_MAX):
        forward_lat, forward_lon = _shifted(lat, lon)
        error_lat, error_lon = forward_lat - raw.lat, forward_lon - raw.lon
        lat, lon = lat - error_lat, lon - error_lon
        if max(abs(error_lat), abs(error_lon)) < INVERSE_TOLERANCE_DEG:
            break
    return Place(lat, lon)


def _shifted(lat: float, lon: float) -> tuple[float, float]:
    """Apply the forward shift to a position in degrees; returns (lat, lon) in degrees."""
    if not is_shifted(lat, lon):
        return lat, lon
    east, north = lon - ORIGIN_LON_DEG, lat - ORIGIN_LAT_DEG
    phi = radians(lat)
    flattening = 1.0 - ECCENTRICITY_SQUARED * sin(phi) ** 2
    meridian_radius_m = SEMI_MAJOR_AXIS_M * (1.0 - ECCENTRICITY_SQUARED) / flattening**1.5
    parallel_radius_m = SEMI_MAJOR_AXIS_M / sqrt(flattening) * cos(phi)
    return (
        lat + _north_shift_m(east, north) / (meridian_radius_m * pi) * 180.0,
        lon + _east_shift_m(east, north) / (parallel_radius_m * pi) * 180.0,
    )


def _waves(value: float, *terms: tuple[float, float]) -> float:
    """Sum amplitude x sin(pi x frequency x value) over the terms (amplitude, frequency)."""
    return sum(amplitude * sin(pi * frequency * value) for amplitude, frequency in terms)


def _north_shift_m(east: float, north: float) -> float:
    """Metres northward at an offset (degrees) from the origin."""
    polynomial = (
        -100.0
        + 2.0 * east
        + 3.0 * north
        + 0.2 * north * north
        + 0.1 * east * north
        + 0.2 * sqrt(abs(east))
    )
    waves = _waves(east, (20.0, 6.0), (20.0, 2.0)) + _waves(
        north, (20.0, 1.0), (40.0, 1 / 3), (160.0, 1 / 12), (320.0, 1 / 30)
    )
    return polynomial + waves * 2.0 / 3.0


def _east_shift_m(east: float, north: float) -> float:
    """Metres eastward at an offset (degrees) from the origin."""
    polynomial = (
        300.0 + east + 2.0 * north + 0.1 * east * east + 0.1 * east * north + 0.1 * sqrt(abs(east))
    )
    waves = _waves(
        east, (20.0, 6.0), (20.0, 2.0), (20.0, 1.0), (40.0, 1 / 3), (150.0, 1 / 12), (300.0, 1 / 30)
    )
    return polynomial + waves * 2.0 / 3.0
