"""Silver and gold from bronze, their validation and their upkeep: Spark applications that are safe to run twice."""
