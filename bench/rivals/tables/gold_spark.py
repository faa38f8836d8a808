"""``python -m bench.rivals.tables.gold_spark SILVER FOLDER``: a query per mart, nothing set, nothing shared."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from batch.gold import MARTS
from bench.rivals.plain_spark import plain_session
from bench.rivals.tables import steps
from tideline.lake import table_path
from tideline.schemas import TABLES


def main() -> None:
    """The aggregates are ours, so that the results can be equal; how they are run is not."""
    silver, folder = (steps.lake_in(Path(path)) for path in sys.argv[1:])
    spark = plain_session(silver)
    rows = 0
    for name, (source, transform) in MARTS.items():
        path = table_path(folder, name)
        mart = transform(spark.read.format("delta").load(table_path(silver, source)))
        mart.select(*TABLES[name].column_names).write.format("delta").mode("overwrite").save(path)
        rows += spark.read.format("delta").load(path).count()
    spark.stop()
    sys.stdout.write(json.dumps({"rows": rows}) + "\n")


if __name__ == "__main__":
    main()
