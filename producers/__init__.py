"""Producers: tweets and ad emissions from files, standard input or generators into Kafka. Free of pyspark."""
