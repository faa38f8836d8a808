select date as day, sum(total_emissions) as emissions
from gold.daily_country_trends
group by day
order by day
