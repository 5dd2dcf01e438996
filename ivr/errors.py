"""Every error the controller raises on purpose.

``HotlineError``                 anything below; ``id`` is stable, the text is for people
├── ``SettingsError``            a setting cannot be used; names the variable and the cure
├── ``SetupError``               a program or package is missing; says what to do
├── ``AsteriskError``            Asterisk cannot be started, reached or told what to do
│   ├── ``AmiError``             the manager link failed or refused an action
│   │   ├── ``AmiNotConnected``  no link now; nothing was sent
│   │   ├── ``AmiTimeout``       sent, no answer in time; the outcome is unknown
│   │   │   └── ``AmiLost``      the link broke before the answer; the outcome is unknown
│   │   └── ``AmiRefused``       Asterisk answered with an error; nothing was done
│   └── ``AgiError``             a FastAGI session went wrong
│       ├── ``HungUp``           the caller is gone; absorbed in one place, ``ivr.agi``
│       ├── ``AgiProtocolError`` the peer does not speak AGI
│       ├── ``AgiTimeout``       a command was not answered in time; the session is closed
│       └── ``AgiCommandError``  Asterisk refused a command
├── ``ApiError``                 an HTTP request is refused at the door (``ivr.api.problems``)
├── ``SoundAway``                the sound of a job cannot be reached now (``ivr.soundstore``)
├── ``SoundBroken``              it did not come through; the job is tried again
├── ``PhoneError``               a simulated phone (demo, tests) cannot do its part
├── ``PromptError``              a prompt is missing or unusable
└── ``UnsafeValue``              a value would break out of its line and is refused (injection)
"""

from __future__ import annotations


class HotlineError(Exception):
    """Base of all errors raised on purpose; ``id`` goes to programs, the text to people."""

    id = "hotline_error"


class SettingsError(HotlineError):
    id = "bad_setting"


class SetupError(HotlineError):
    id = "setup_failed"


class AsteriskError(HotlineError):
    id = "asterisk_error"


class AmiError(AsteriskError):
    id = "ami_error"


class AmiNotConnected(AmiError):
    id = "ami_not_connected"


class AmiTimeout(AmiError):
    id = "ami_timeout"


class AmiLost(AmiTimeout):
    id = "ami_lost"


class AmiRefused(AmiError):
    id = "ami_refused"


class AgiError(AsteriskError):
    id = "agi_error"


class HungUp(AgiError):
    id = "hung_up"


class AgiProtocolError(AgiError):
    id = "agi_protocol_error"


class AgiTimeout(AgiError):
    id = "agi_timeout"


class AgiCommandError(AgiError):
    id = "agi_command_error"


class PhoneError(HotlineError):
    id = "phone_error"


class PromptError(HotlineError):
    id = "prompt_error"


class UnsafeValue(HotlineError):
    id = "unsafe_value"
