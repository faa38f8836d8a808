"""Contests on the way from a file over Kafka to bronze, and the engines that land records there."""
