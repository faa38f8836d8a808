"""What `docker compose up` runs once before the services: secrets, users, topics, databases; safe to repeat."""
