select coalesce(format, 'unknown') as format, sum("sum_totalEmissions") as emissions, sum(record_count) as rows
from gold.daily_by_domain_format
group by 1
order by emissions desc
