"""Serves the chat page; everything it needs comes from here."""

from litestar.handlers import HTTPRouteHandler

PAGE_ROUTES: list[HTTPRouteHandler] = []
