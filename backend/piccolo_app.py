"""Every table of the house, for Piccolo's migrations."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

import backend.console.tables
import bot.tables
import grid.clocks.tables
import grid.customers.tables
import grid.dispatch.tables
import grid.evidence.tables
import grid.indicators.tables
import grid.kit.tables
import grid.notices.tables
import grid.outages.tables
import grid.partners.tables
import grid.positions.tables
import grid.supervision.tables
import grid.territory.tables
import grid.visits.tables
import grid.work_orders.tables

APP_CONFIG = AppConfig(
    app_name="wangge",
    migrations_folder_path=str(Path(__file__).resolve().parent.parent / "migrations"),
    table_classes=[
        *grid.kit.tables.TABLES,
        *grid.territory.tables.TABLES,
        *grid.customers.tables.TABLES,
        *grid.evidence.tables.TABLES,
        *grid.clocks.tables.TABLES,
        *grid.positions.tables.TABLES,
        *grid.notices.tables.TABLES,
        *grid.work_orders.tables.TABLES,
        *grid.outages.tables.TABLES,
        *grid.visits.tables.TABLES,
        *grid.supervision.tables.TABLES,
        *grid.partners.tables.TABLES,
        *grid.dispatch.tables.TABLES,
        *grid.indicators.tables.TABLES,
        *bot.tables.TABLES,
        *backend.console.tables.TABLES,
    ],
)
