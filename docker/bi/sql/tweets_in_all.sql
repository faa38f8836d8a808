select coalesce(sum(tweets_per_hour), 0) as tweets
from gold.tweet_metrics
