select mart, rows, published_at, delta_version, bronze_version
from gold.published
order by mart
