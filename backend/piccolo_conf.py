"""Where Piccolo's migrations find the database and the tables."""

from piccolo.conf.apps import AppRegistry

from grid.kit.database import DB

APP_REGISTRY = AppRegistry(apps=["backend.piccolo_app"])

__all__ = ["APP_REGISTRY", "DB"]
