import ast
from pathlib import Path

import pytest

DAGS = Path(__file__).resolve().parent.parent.parent / "dags"
FILES = sorted(DAGS.glob("*.py"))


def test_there_are_dags() -> None:
    assert [file.stem for file in FILES] == [
        "emissions_ingest",
        "lakehouse_hourly",
        "lakehouse_maintenance",
        "lakehouse_rebuild",
        "spark_tasks",
        "tweets_ingest",
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dag_file_holds_no_logic(file: Path) -> None:
    logic = (ast.If, ast.For, ast.While, ast.FunctionDef, ast.Lambda, ast.Try, ast.ClassDef)
    assert [node.lineno for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, logic)] == []
