"""What all charts share: colours that read on light and dark, one layout, and safe labels."""

from __future__ import annotations

import html
from typing import Any

import plotly.graph_objects as go

COLOURS = ("#2f7ed8", "#12a594", "#e5873d", "#8e6ad8", "#d6487e", "#6b9e2f", "#c9a227", "#4aa8c9", "#8a8f98")
ACCENT = COLOURS[0]
WARM = COLOURS[2]
HEAT = [[0, "rgba(47,126,216,0.06)"], [0.35, "rgba(47,126,216,0.45)"], [1, "rgba(18,90,180,1)"]]

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
_GRID = "rgba(128,140,160,0.22)"


def label(value: object) -> str:
    """A value as chart text: plotly reads markup in labels, and domains come from the input."""
    return html.escape(str(value), quote=False)


def figure(*traces: Any, height: int = 320, **layout: Any) -> go.Figure:
    """A figure in the page's style; the page sets the font's colour by the reader's colour scheme."""
    chart = go.Figure(traces)
    chart.update_layout(
        template="none",
        height=height,
        margin={"l": 56, "r": 12, "t": 12, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": _FONT, "size": 12, "color": "#6b7280"},
        colorway=COLOURS,
        hoverlabel={"font": {"family": _FONT}},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        bargap=0.12,
    )
    chart.update_xaxes(gridcolor=_GRID, zeroline=False, automargin=True)
    chart.update_yaxes(gridcolor=_GRID, zerolinecolor=_GRID, automargin=True)
    chart.update_layout(**layout)
    return chart


def slider() -> dict[str, object]:
    """A range slider under a time axis."""
    return {"visible": True, "thickness": 0.12, "bgcolor": "rgba(128,140,160,0.08)", "borderwidth": 0}
