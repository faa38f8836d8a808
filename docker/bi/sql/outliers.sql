select domain, total_emissions, round(z_score::numeric, 2) as z_score
from gold.flagged_domains
where is_outlier
order by abs(z_score) desc, domain
