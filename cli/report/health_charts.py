"""Charts of the stream itself."""

from __future__ import annotations

import plotly.graph_objects as go

from cli.report.freshness import CommitWait
from cli.report.style import COLOURS, figure


def waits(commits: list[CommitWait]) -> go.Figure:
    """Per bronze commit, how long its oldest record had waited; one colour per table."""
    tables = list(dict.fromkeys(commit.table for commit in commits))
    traces = [
        _waits_of(table, [c for c in commits if c.table == table], COLOURS[place]) for place, table in enumerate(tables)
    ]
    chart = figure(*traces, height=300, showlegend=True)
    return chart.update_yaxes(title="seconds", rangemode="tozero")


def _waits_of(table: str, commits: list[CommitWait], colour: str) -> go.Scatter:
    return go.Scatter(
        x=[commit.committed_at for commit in commits],
        y=[commit.oldest_wait for commit in commits],
        customdata=[[commit.version, commit.rows, commit.newest_wait] for commit in commits],
        mode="markers" if len(commits) < 3 else "lines+markers",
        name=table,
        line={"width": 1, "color": colour},
        marker={"size": 9, "color": colour},
        hovertemplate="version %{customdata[0]}: %{customdata[1]:,} rows<br>oldest waited %{y:.1f} s, "
        "newest %{customdata[2]:.1f} s<extra>%{fullData.name}</extra>",
    )
