"""``tideline doctor``: is this machine, and what the settings name, as Tideline needs it?"""

from __future__ import annotations

import typer
from rich.text import Text

from cli.console import err, out, verdict
from tideline.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: [bold]tideline doctor && tideline stream[/]")(doctor)


def doctor() -> None:
    """Check versions, jars, disk, ports, broker, topics, store and checkpoints. Exit code 1 when something is wrong.

    It starts nothing; whatever it writes to try a store out, it deletes again.
    """
    from cli.diagnosis import diagnose

    console = out()
    wrong = 0
    for finding in diagnose(load_settings()):
        line = Text.assemble(verdict(finding.is_well), " ", (f"{finding.subject}: ", "bold"), finding.found)
        if not finding.is_well:
            wrong += 1
            line.append(f" -> {finding.advice}", "yellow")
        console.print(line, soft_wrap=True)
    if wrong:
        err().print(f"{wrong} to mend", style="red")
        raise typer.Exit(1)
