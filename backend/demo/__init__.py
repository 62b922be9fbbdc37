"""The demo county: a synthetic county to try everything in (演示数据，示意图，非行政区划界线)."""

from backend.demo.ready import DemoFacts
from backend.demo.seeding import seed

__all__ = ["DemoFacts", "seed"]
