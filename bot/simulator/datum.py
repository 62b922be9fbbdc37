"""WGS-84 to GCJ-02, the datum in which the platform reports a location message.

Written apart from the bot's own conversion on purpose: two independent hands must agree. Source:
the published reverse-engineered formula (Krasovsky 1940 ellipsoid); real maps differ by metres.
"""

from math import cos, degrees, pi, radians, sin, sqrt

KRASOVSKY_AXIS_M = 6_378_245.0
KRASOVSKY_ECCENTRICITY_SQUARED = 0.00669342162296594323
WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271


def _waves(value: float, terms: tuple[tuple[float, float], ...]) -> float:
    """Sum of amplitude x sin(value x pi / divisor)."""
    return sum(amplitude * sin(value * pi / divisor) for amplitude, divisor in terms)


def to_gcj02(lat: float, lon: float) -> tuple[float, float]:
    """(lat, lon) degrees WGS-84 -> (lat, lon) degrees GCJ-02; unchanged outside the rectangle."""
    if not (SOUTH <= lat <= NORTH and WEST <= lon <= EAST):
        return lat, lon
    x, y = lon - 105.0, lat - 35.0
    root = sqrt(abs(x))
    common = _waves(x, ((20.0, 1 / 6), (20.0, 1 / 2)))
    north_waves = _waves(y, ((20.0, 1.0), (40.0, 3.0), (160.0, 12.0), (320.0, 30.0)))
    east_waves = _waves(x, ((20.0, 1.0), (40.0, 3.0), (150.0, 12.0), (300.0, 30.0)))
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north_m += (common + north_waves) * 2 / 3
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east_m += (common + east_waves) * 2 / 3
    curve = 1 - KRASOVSKY_ECCENTRICITY_SQUARED * sin(radians(lat)) ** 2
    meridian_m = KRASOVSKY_AXIS_M * (1 - KRASOVSKY_ECCENTRICITY_SQUARED) / curve**1.5
    parallel_m = KRASOVSKY_AXIS_M / sqrt(curve) * cos(radians(lat))
    return lat + degrees(north_m / meridian_m), lon + degrees(east_m / parallel_m)
