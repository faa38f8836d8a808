"""docs/reference.md names every command, option and setting, with the defaults that the code has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import typer

from cli.main import app
from producers.commands import EMISSION_ROWS, SEED
from tideline.settings import Settings

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
SECTIONS = {
    command: body
    for title, body in re.findall(r"^### (.*?)\n(.*?)(?=^#|\Z)", REFERENCE, re.MULTILINE | re.DOTALL)
    for command in re.findall(r"`tideline ([a-z0-9 ]+?)(?: [A-Z]+)?`", title)
}
SETTINGS = {f"TIDELINE_{field.name.upper()}": field.default for field in fields(Settings)}


def commands(group: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        if hasattr(command, "commands"):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}", command


COMMANDS = dict(commands(typer.main.get_command(app)))


def options(command: object) -> set[str]:
    names = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}  # type: ignore[attr-defined]
    return {name for name in names if name.startswith("--")} - {"--help"}


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert set(SECTIONS) == set(COMMANDS)


def test_every_option_stands_in_its_commands_section_and_none_else_does() -> None:
    for name, command in COMMANDS.items():
        documented = set(re.findall(r"^\| `(--[a-z0-9-]+)", SECTIONS[name], re.MULTILINE))
        documented |= set(re.findall(r"^\| `--[a-z-]+`, `(--[a-z0-9-]+)`", SECTIONS[name], re.MULTILINE))
        if name.startswith("produce"):
            of_tweets = {"--synthetic", "--days", "--quiet", "--processes"}
            documented -= {"--rows"} if name == "produce tweets" else of_tweets
        assert documented == options(command), name


def test_every_setting_stands_there_with_its_default() -> None:
    documented = dict(re.findall(r"^\| `(TIDELINE_[A-Z0-9_]+)` \| (.*?) \|", REFERENCE, re.MULTILINE))
    assert list(documented) == list(SETTINGS)
    literal = {name: default for name, default in SETTINGS.items() if default != ""}
    texts = Settings().variables() | {"TIDELINE_HOME": str(Settings.home)}
    written = {name: texts[name] for name in literal}
    assert {name: documented[name] for name in literal} == {name: f"`{text}`" for name, text in written.items()}


def test_the_generators_defaults_are_those_of_the_help() -> None:
    assert f"| `--rows N` | {EMISSION_ROWS} |" in REFERENCE
    assert f"| `--seed S` | {SEED} |" in REFERENCE
    helps = {p.name: p.help for p in COMMANDS["produce emissions"].params}  # type: ignore[attr-defined]
    assert f"{EMISSION_ROWS:,} when left out" in helps["rows"]
    assert f"{SEED} when left out" in helps["seed"]
