select period_hour as hour, tweets_per_hour as tweets
from gold.tweet_metrics
order by hour
