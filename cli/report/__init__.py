"""The result page: one self-contained HTML file over the tables of the lake."""
