-- Each hour's row has its day's count, too.
select distinct (period_hour at time zone 'UTC')::date as day, tweets_per_day as tweets
from gold.tweet_metrics
order by day
