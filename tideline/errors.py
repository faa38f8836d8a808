"""Every error that a user can meet, one sentence per class: what, where, what was found, what to do."""


class TidelineError(Exception):
    """Base of all errors that are reported without a traceback."""


class SettingsError(TidelineError):
    """A setting is missing or unreadable."""


class PrerequisiteError(TidelineError):
    """A program that Tideline needs is not on this machine."""


class JarLockError(TidelineError):
    """A jar is missing or is not the one that the lock names."""


class ServiceError(TidelineError):
    """An embedded service cannot be started, reached or stopped."""


class StoreError(TidelineError):
    """The S3 store cannot be reached, or refuses what was asked of it."""


class CommitError(TidelineError):
    """The store, or what Delta commits with, does not keep two drivers apart."""


class TopicError(TidelineError):
    """A topic is missing, or is not configured as Tideline declares it."""


class DeliveryError(TidelineError):
    """Kafka did not accept a record."""


class WorkerError(TidelineError):
    """A process that another one needs ended."""


class ResumeError(TidelineError):
    """A replay cannot tell what was sent before."""


class InputError(TidelineError):
    """An input file cannot be read as what it claims to be."""


class DownloadError(TidelineError):
    """A file cannot be downloaded, or is not what was asked for."""


class CheckpointError(TidelineError):
    """A checkpoint and its table disagree in a way that only a human can resolve."""


class LeaseError(TidelineError):
    """Another stream holds the table."""


class TableError(TidelineError):
    """A table is missing, or its columns are not the declared ones."""


class ValidationError(TidelineError):
    """An expectation of severity critical does not hold."""


class AuditError(TidelineError):
    """Bronze and Kafka disagree about which records there are."""


class DriftError(TidelineError):
    """Live counts differ from gold, and nothing explains it."""


class PublishError(TidelineError):
    """PostgreSQL cannot be reached, or cannot take gold."""


class SkippedError(TidelineError):
    """There is nothing to do: what a step needs was not set. No failure."""


class QueryError(TidelineError):
    """A SQL statement cannot be run."""
