"""What the server makes of every message: refused with a reason, kept here, or passed to the robot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from missions.console import protocol
from missions.console.authority import Questions
from missions.console.records import Records, stamp
from missions.console.robot_link import RobotLink
from missions.console.session import Refused, Session
from robot.messages import Action, Mode
from robot.safety.authority import AGE_MAX_MS, BY_FORCE, JOG_AGE_MAX_MS

SILENT_MS = 1000  # a holder of whom nothing was heard for so long is followed without asking


class Desk:
    """Orders, authority, and what is beside them.

    Args:
        robot: where orders go.
        sessions: the connected clients by id.
        records: what is kept here.
        log: what is done and refused, by whom.
    """

    def __init__(
        self,
        robot: RobotLink,
        sessions: dict[str, Session],
        records: Records,
        log: Callable[[str, str, str], None],
    ) -> None:
        self._robot, self._sessions, self._records, self._log = robot, sessions, records, log
        self.questions = Questions()
        self._handlers: dict[type, Callable[[Session, Any, int, int], None]] = {
            protocol.Alive: self._alive,
            protocol.Act: self._act,
            protocol.Jog: self._jog,
            protocol.Press: self._press,
            protocol.Ask: self._ask,
            protocol.Answer: self._answer,
            protocol.Take: self._take,
            protocol.Check: self._check,
            protocol.Enter: self._enter,
            protocol.Acknowledge: self._acknowledge,
            protocol.Shelve: self._shelve,
            protocol.Save: self._save,
            protocol.Finish: self._finish,
        }

    @property
    def holder(self) -> str:
        return self._robot.newest.holder if self._robot.newest else ""

    def handle(self, session: Session, text: str | bytes, now_ms: int) -> None:
        """One message of a client; whatever it is, it ends in an answer or in nothing."""
        seq: int | None = None
        quiet = False
        try:
            message = protocol.read(text)
            seq, quiet = message.seq, isinstance(message, protocol.Alive | protocol.Jog)
            age_ms = session.admit(message, now_ms)
            self._handlers[type(message)](session, message, age_ms, now_ms)
        except protocol.ProtocolError as error:
            self._refuse(session, seq, Refused("malformed", str(error)), now_ms)
        except Refused as refused:
            self._refuse(session, seq, refused, now_ms)
        else:
            if not quiet:
                session.tell({"type": "ack", "seq": seq, "ok": True, "t_ms": now_ms})

    def left(self, client: str) -> None:
        """A client has gone."""
        self.questions.forget(client)

    # ------------------------------------------------------------------ to the robot

    def _alive(self, session: Session, message: protocol.Alive, age_ms: int, now_ms: int) -> None:
        if session.client.id == self.holder and age_ms <= AGE_MAX_MS:  # an older one is none
            self._robot.order(session.client.id, message.seq, age_ms, Action.HEARTBEAT)

    def _act(self, session: Session, message: protocol.Act, age_ms: int, now_ms: int) -> None:
        self._must_hold(session)
        if message.action == "reset" and not session.pressed("reset", now_ms):
            raise Refused("press_first")
        if message.action == "arm" and (open_checks := self._records.open_checks):
            raise Refused("checklist_open", ", ".join(open_checks))
        self._pass_on(session, message, age_ms, protocol.ACTIONS[message.action], message.argument)
        self._log(session.client.id, message.action, message.argument)

    def _jog(self, session: Session, message: protocol.Jog, age_ms: int, now_ms: int) -> None:
        self._must_hold(session)
        if age_ms <= JOG_AGE_MAX_MS:  # an older one is silence: the robot ends the motion
            self._pass_on(session, message, age_ms, Action.JOG, f"{message.axis}:{message.value:.6g}")

    def _finish(self, session: Session, message: protocol.Finish, age_ms: int, now_ms: int) -> None:
        self._must_hold(session)
        self._must_be_safe()
        self._log(session.client.id, "finish", "")
        if not self._robot.finish():
            raise Refused("robot_gone")

    # ------------------------------------------------------------------ authority

    def _press(self, session: Session, message: protocol.Press, age_ms: int, now_ms: int) -> None:
        session.press(message, now_ms)

    def _ask(self, session: Session, message: protocol.Ask, age_ms: int, now_ms: int) -> None:
        holder = self._sessions.get(self.holder)
        if self.holder == session.client.id:
            return
        if holder is None or now_ms - holder.heard_ms > SILENT_MS:
            self._pass_on(session, message, age_ms, Action.TAKE)
        else:
            self.questions.ask(session.client.id, now_ms)
        self._log(session.client.id, "ask", self.holder)

    def _answer(self, session: Session, message: protocol.Answer, age_ms: int, now_ms: int) -> None:
        self._must_hold(session)
        if not self.questions.answer(message.client):
            raise Refused("not_asked", message.client)
        if message.grant:
            self._pass_on(session, message, age_ms, Action.GRANT, message.client)
        if asker := self._sessions.get(message.client):
            answer = {"type": "answered", "grant": message.grant, "by": session.client.id, "t_ms": now_ms}
            asker.tell(answer)
        self._log(session.client.id, "grant" if message.grant else "refuse", message.client)

    def _take(self, session: Session, message: protocol.Take, age_ms: int, now_ms: int) -> None:
        if not session.pressed("take", now_ms):
            raise Refused("press_first")
        self._pass_on(session, message, age_ms, Action.TAKE, BY_FORCE)
        self._log(session.client.id, "take", self.holder)

    # ------------------------------------------------------------------ kept here

    def _check(self, session: Session, message: protocol.Check, age_ms: int, now_ms: int) -> None:
        self._records.checklist.tick(message.item, message.done, session.client.name, stamp())
        self._log(session.client.id, "checked" if message.done else "unchecked", message.item)

    def _enter(self, session: Session, message: protocol.Enter, age_ms: int, now_ms: int) -> None:
        checklist = self._records.checklist
        checklist.enter({str(k): v for k, v in message.values.items()}, session.client.name, stamp())
        self._records.planning.make(checklist.weather)
        self._log(session.client.id, "entered", ", ".join(f"{k} {v:g}" for k, v in message.values.items()))

    def _acknowledge(self, session: Session, message: protocol.Acknowledge, age_ms: int, now_ms: int) -> None:
        self._records.alarms.acknowledge(message.alarm, session.client.name)
        self._log(session.client.id, "acknowledged", message.alarm)

    def _shelve(self, session: Session, message: protocol.Shelve, age_ms: int, now_ms: int) -> None:
        self._records.alarms.shelve(message.alarm, message.minutes, now_ms)
        self._log(session.client.id, "shelved", f"{message.alarm} {message.minutes:g} min")

    def _save(self, session: Session, message: protocol.Save, age_ms: int, now_ms: int) -> None:
        self._must_hold(session)
        self._must_be_safe()
        before = {row["name"]: row["saved"] for row in self._records.settings.page()["parameters"]}
        self._records.settings.save(message.values)
        for name, value in message.values.items():
            self._log(session.client.id, "saved", f"{name} {before[name]:g} -> {value:g}")

    # ------------------------------------------------------------------ helpers

    def _pass_on(
        self, session: Session, message: protocol.Message, age_ms: int, action: Action, argument: str = ""
    ) -> None:
        if not self._robot.order(session.client.id, message.seq, age_ms, action, argument):
            raise Refused("robot_gone")

    def _must_hold(self, session: Session) -> None:
        if session.client.id != self.holder:
            raise Refused("not_holder", self.holder)

    def _must_be_safe(self) -> None:
        newest = self._robot.newest
        if newest is None or newest.command.mode is not Mode.SAFE:
            raise Refused("not_disarmed")

    def _refuse(self, session: Session, seq: int | None, refused: Refused, now_ms: int) -> None:
        answer = {"type": "ack", "seq": seq, "ok": False, "why": refused.why, "t_ms": now_ms}
        session.tell({**answer, "detail": refused.detail})
        self._log(session.client.id, "refused", f"{refused.why} {refused.detail}")
