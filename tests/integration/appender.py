"""``python -m tests.integration.appender WRITER COMMITS [CONF=VALUE …]``: appends one row per commit to a table.

The table's folder is the settings' warehouse; each row is (writer, number). Standard output names what was
acknowledged, one number per line.
"""

from __future__ import annotations

import sys

from tideline.session import build_session
from tideline.settings import load_settings

if __name__ == "__main__":
    writer, commits = sys.argv[1], int(sys.argv[2])
    overrides = dict(argument.split("=", 1) for argument in sys.argv[3:])
    settings = load_settings()
    spark = build_session(settings, f"appender {writer}", overrides)
    spark.range(1).selectExpr("'' AS writer", "-1 AS number").limit(0).write.format("delta").mode("ignore").save(
        f"{settings.warehouse}/raced"
    )
    for number in range(commits):
        row = spark.range(1).selectExpr(f"'{writer}' AS writer", f"{number} AS number")
        row.write.format("delta").mode("append").save(f"{settings.warehouse}/raced")
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
    spark.stop()
