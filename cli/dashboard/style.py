"""The page's looks: Streamlit's settings for it, and the little that these cannot say."""

from __future__ import annotations

CARD = "card"
"""What the keys of framed parts begin with: Streamlit makes a class of a key."""

TABLE = "table"
"""What the keys around tables begin with."""

HEADLINE = "headline"

_LIGHT = {
    "primaryColor": "#2f7ed8",
    "backgroundColor": "#f4f6f9",
    "secondaryBackgroundColor": "#ffffff",
    "textColor": "#16202e",
    "borderColor": "#e3e8ef",
    "grayTextColor": "#5b6778",
    "grayBackgroundColor": "#ffffff",
}
_DARK = {
    "primaryColor": "#6cabf2",
    "backgroundColor": "#0e141c",
    "secondaryBackgroundColor": "#161e29",
    "textColor": "#e8edf4",
    "borderColor": "#27313f",
    "grayTextColor": "#98a5b7",
    "grayBackgroundColor": "#161e29",
}

THEME = {
    **{f"theme.light.{name}": value for name, value in _LIGHT.items()},
    **{f"theme.dark.{name}": value for name, value in _DARK.items()},
    "theme.metricValueFontSize": "1.6rem",
    "theme.paddingTop": "1.25rem",
    "theme.paddingBottom": "2rem",
}

STYLE = f"""
<style>
.st-key-{HEADLINE} {{ display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); }}
.st-key-{HEADLINE} > * {{ width: auto; min-width: 0; }}
.st-key-{HEADLINE} [data-testid="stMetric"], [class*="st-key-{CARD}"] {{
  background: light-dark({_LIGHT["secondaryBackgroundColor"]}, {_DARK["secondaryBackgroundColor"]}); height: 100%; }}
[data-testid="stMetricDelta"] {{ padding: 0; max-width: 100%; }}
[data-testid="stElementToolbar"] {{ display: none; }}
.stPlotlyChart .rangeslider-mask-min, .stPlotlyChart .rangeslider-mask-max {{ fill-opacity: 0.14 !important; }}
@media (max-width: 1100px) {{ .st-key-{HEADLINE} {{ grid-template-columns: repeat(3, minmax(0, 1fr)); }} }}
@media (max-width: 640px) {{
  .st-key-{HEADLINE} {{ grid-template-columns: repeat(2, minmax(0, 1fr)); }}
  .stMainBlockContainer {{ padding-left: 0.75rem; padding-right: 0.75rem; }}
}}
</style>
"""
