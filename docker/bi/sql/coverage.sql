select coalesce(format, 'unknown') as format, avg_measured_coverage as measured
from gold.avg_domain_coverage
order by measured desc, format
