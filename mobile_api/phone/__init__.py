"""The phone in a browser: one page that works a job through over /api/v1, for station and demo."""

from mobile_api.phone.routes import router

__all__ = ["router"]
