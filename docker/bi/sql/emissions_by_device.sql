select coalesce(device, 'unknown') as device, sum("sum_totalEmissions") as emissions
from gold.daily_by_country_device
group by 1
order by emissions desc
