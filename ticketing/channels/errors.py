"""What can go wrong with a channel; who catches it decides by the class alone.

``ChannelError``           anything below; the text holds no number, address or secret
├── ``Temporary``          may be tried again later; ``after``: not before so many seconds
└── ``Permanent``          trying again changes nothing
    ├── ``BadPhone``       no number that a message can reach
    ├── ``BadText``        empty, or longer than the channel carries
    ├── ``BadAddress``     no e-mail address
    ├── ``BadTarget``      a web address that is not to be called
    └── ``BadSignature``   what came in was not signed by whom it claims, or long ago
"""

from __future__ import annotations


class ChannelError(Exception):
    """Base of all errors of the channels."""


class Temporary(ChannelError):
    """May be tried again. Attributes: after: seconds to wait at least; None: not told."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class Permanent(ChannelError):
    """Trying again changes nothing."""


class BadPhone(Permanent):
    pass


class BadText(Permanent):
    pass


class BadAddress(Permanent):
    pass


class BadTarget(Permanent):
    pass


class BadSignature(Permanent):
    pass
