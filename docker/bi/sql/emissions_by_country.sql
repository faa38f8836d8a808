select date as day, country, total_emissions as emissions
from gold.daily_country_trends
order by day, country
