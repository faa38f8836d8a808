select domain, total_emissions as emissions
from gold.top_10_domains
order by emissions desc, domain
