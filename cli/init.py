"""``tideline init``: random secrets for the services, before anything starts."""

from __future__ import annotations

import base64
import secrets
from pathlib import Path
from typing import Annotated

import typer

from cli.console import err
from tideline.errors import SettingsError
from tideline.private_file import create_private


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: [bold]tideline init[/]")(init)


def init(
    output: Annotated[Path, typer.Option(metavar="FILE", help="The file to write; an existing one stays.")] = Path(
        ".env"
    ),
) -> None:
    """Write a file with a random secret for each service that has one. Only its owner can read it."""
    try:
        create_private(output, new_secrets())
    except FileExistsError as error:
        msg = f"{output.absolute()} exists and its secrets may be in use; delete it first, or name another by --output"
        raise SettingsError(msg) from error
    err().print(f"secrets written to {output.absolute()}, which only its owner can read", markup=False)


def new_secrets() -> dict[str, str]:
    """The variables of all services, each with a secret that nobody has seen."""
    return {
        "MINIO_ROOT_USER": f"tideline-{secrets.token_hex(4)}",
        "MINIO_ROOT_PASSWORD": secrets.token_urlsafe(30),
        "POSTGRES_USER": "tideline",
        "POSTGRES_PASSWORD": secrets.token_urlsafe(30),
        # 32 bytes in URL-safe base64 are the form of a Fernet key.
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
        "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(48),
    }
