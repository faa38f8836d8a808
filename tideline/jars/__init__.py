"""The jars of Spark and of the embedded Kafka: locked with SHA-256, installed into the environment."""

from tideline.jars.lock import jars_dir

__all__ = ["jars_dir"]
