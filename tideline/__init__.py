"""The shared kernel: settings, schemas, tables, sessions, services. It imports no other package of the project."""
