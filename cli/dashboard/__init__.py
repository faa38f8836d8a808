"""The dashboard: a page over the tables that reads itself anew, without Spark."""
