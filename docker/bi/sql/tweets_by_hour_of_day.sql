select extract(hour from period_hour at time zone 'UTC')::int as hour_of_day, round(avg(tweets_per_hour), 1) as mean_tweets
from gold.tweet_metrics
group by hour_of_day
order by hour_of_day
