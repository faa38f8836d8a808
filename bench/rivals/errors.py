"""What can go wrong in a contest."""

from tideline.errors import TidelineError


class ContestError(TidelineError):
    """A contender failed, or a contest cannot be held as asked."""
