"""The operator protocol: what a console, a pendant or a script says to the console's server.

Every message is checked here, at the door, before anything looks at it. docs/console-protocol.md says what
each of them means and shows what the server answers.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from robot.messages import Action

PROTOCOL = "silkline.console/1"
MESSAGE_MAX_BYTES = 8192
STATE_HZ = 20
ECHO_MAX_MS = 86_400_000
PRESS_S = 2.0  # what must be held before a reset or a forced take
ASK_S = 10.0  # an asked-for hand-over that nobody answers is refused


class Role(IntEnum):
    """What a token allows; each role may do what those before it may. STOP is for all."""

    OBSERVER = 0  # looks on
    OPERATOR = 1  # may drive, answers alarms, ticks the checklist
    ENGINEER = 2  # may change parameters and revoke tokens


class ProtocolError(ValueError):
    """A message is not one of the protocol; the text says where and why."""


Name = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[\w .-]+$")]
Identifier = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[\w.-]+$")]
Number = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]


class Message(BaseModel):
    """What every message carries: a sequence number that advances, and how old it may be taken for.

    `echo` is `t_ms` of the newest message from the server, `held_ms` the time since it arrived: the server needs
    no synchronised clocks to know that the message is no older than `now - echo - held_ms`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    seq: int = Field(ge=0, lt=2**53)
    echo: int = Field(ge=0, lt=2**53)
    held_ms: float = Field(ge=0, le=ECHO_MAX_MS, allow_inf_nan=False)


class Alive(Message):
    """The page lives and its crew sees the newest state; 20 times a second."""

    type: Literal["alive"]


class Act(Message):
    """One of the holder's orders to the robot."""

    type: Literal["act"]
    action: Literal[
        "arm", "disarm", "mount", "start", "hold", "resume", "reset", "manual", "treat_as", "look_again",
        "back_off", "end_job",
    ]  # fmt: skip
    argument: str = Field(default="", max_length=60)


class Jog(Message):
    """An axis is to move while this is repeated: "travel" in m/s, else an axis by name in its unit per second."""

    type: Literal["jog"]
    axis: Literal[
        "travel", "traction_front", "traction_middle", "traction_rear", "grip_front", "grip_middle", "grip_rear",
        "rotor", "cable", "trim", "guide",
    ]  # fmt: skip
    value: Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]


class Press(Message):
    """A button that must be held for `PRESS_S` went down or up."""

    type: Literal["press"]
    what: Literal["reset", "take"]
    down: bool


class Ask(Message):
    """May I drive?"""

    type: Literal["ask"]


class Answer(Message):
    """The holder's answer to another client's question."""

    type: Literal["answer"]
    client: Identifier
    grant: bool


class Take(Message):
    """Take the authority from whoever holds it; needs the press."""

    type: Literal["take"]


class Check(Message):
    """An item of the crew's checklist was seen to, or is open again."""

    type: Literal["check"]
    item: Identifier
    done: bool


class Enter(Message):
    """Figures that the crew measured."""

    type: Literal["enter"]
    values: dict[
        Literal["mass_kg", "coil_m", "wind_mps", "gust_mps", "temperature_c", "humidity_pct", "wet"], Number
    ]


class Acknowledge(Message):
    """The crew has read an alarm; it does not end by that."""

    type: Literal["acknowledge"]
    alarm: Identifier


class Shelve(Message):
    """An alarm is not to be shown for some minutes, 0 = show it again."""

    type: Literal["shelve"]
    alarm: Identifier
    minutes: float = Field(ge=0, le=60, allow_inf_nan=False)


class Save(Message):
    """Parameters to keep for the next start of the robot."""

    type: Literal["save"]
    values: dict[Identifier, Number] = Field(max_length=100)


class Finish(Message):
    """Close this job's log and begin a new one."""

    type: Literal["finish"]


AnyMessage = Annotated[
    Alive | Act | Jog | Press | Ask | Answer | Take | Check | Enter | Acknowledge | Shelve | Save | Finish,
    Field(discriminator="type"),
]
_MESSAGES: TypeAdapter[Any] = TypeAdapter(AnyMessage)
# Messages that need more than looking on; a few need more than driving.
ROLES: dict[type[Message], Role] = {Alive: Role.OBSERVER, Save: Role.ENGINEER}


def needed_role(message: Message) -> Role:
    return ROLES.get(type(message), Role.OPERATOR)


def read(text: str | bytes) -> Any:
    """The message in `text`.

    Raises:
        ProtocolError: it is not one.
    """
    if len(text) > MESSAGE_MAX_BYTES:
        raise ProtocolError(f"message: {len(text)} bytes; at most {MESSAGE_MAX_BYTES} are taken")
    try:
        return _MESSAGES.validate_json(text)
    except ValidationError as error:
        raise ProtocolError(_first(error)) from None


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "message"
    return f"{place[:80]}: {first['msg'][:120]}"


ACTIONS = {action.value: action for action in Action}
