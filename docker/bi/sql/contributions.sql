-- Means of the rows' fractions; a row whose total is 0 has none.
select date as day,
       avg("pct_adSelection") as ad_selection,
       avg("pct_creativeDist") as creative_distribution,
       avg("pct_mediaDist") as media_distribution
from gold.emission_contributions
group by day
order by day
