"""`wangge backup FILE`: a consistent copy of the database."""

import argparse
from pathlib import Path

from backend.backup import back_up, manifest_of
from backend.blob_copies import archive_of
from backend.commands.run import database_settings, with_database
from backend.commands.words import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="where the copy goes")


def run(arguments: argparse.Namespace) -> int:
    manifest = with_database(database_settings(), lambda found: back_up(found, arguments.file))
    megabytes = manifest.dump_bytes / 1_000_000
    say(
        f"copied {megabytes:.1f} MB to {arguments.file}, described in {manifest_of(arguments.file)}"
    )
    if manifest.blobs:
        say(f"copied {manifest.blobs} photos and files to {archive_of(arguments.file)}")
    return 0
