"""Landmarks: what the camera sees, followed from picture to picture and held against the survey.

A detection belongs to a track, a track becomes a feature when it was seen often enough and its class is
clear. Only then is it looked up in the survey. So the survey tells where to look and gives chainage, never
what is there: features that it does not know are found as well, and those it knows but the camera can rule
out are dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from robot.estimate import filter as joint
from robot.estimate.state import Vector
from robot.estimate.surveyed import Surveyed, SurveyedFeatures
from robot.line.line import Line
from robot.messages import CameraFrame, Detection, SeenFeature
from robot.parameters import Parameters
from robot.profile import Profile

_GATE = 14.0  # chi2 of innovation plus the cost of a wrong class
_FAR_OFF_M = 2.0
_WRONG_CLASS = 7.0  # -2 ln of the share of wrong classes
_NO_CLASS = 2.0
_NOISE_FLOOR_M = 0.5  # range noise grows as range plus this: 10 mm + 2 %
_NEAR_M = 0.30  # nearer, or beyond this share of the camera's range, a miss means nothing
_FAR_SHARE = 0.85
_RATE = 1.0 / 16.0  # weight of the newest picture in the share of pictures that show a track
_CONFIRM_HITS = 6
_CONFIRM_RATE = 0.5
_CLEAR_CLASS = 0.6  # share of votes
_DROP_TENTATIVE = 0.3
_DROP_CONFIRMED = 0.1
_FREE_AHEAD_M = 5.0  # from the camera: so far an unhindered view is trusted
_FREE_STEP_M = 0.15  # per picture
_BEHIND_M = 1.8  # the lay point has passed it
_LISTED = 12
_LIST_HITS = 3  # from so many detections on it is shown
_SURVEY_GATE = 3.0  # sigma
_SCORE_RATE = 0.05
_SCORE_MAX = 25.0
_SQUARE_MAX = 3.0  # mean square and mean of normalised range innovations that white noise does not reach
_BIAS_MAX = 0.9


@dataclass(slots=True)
class _Track:
    """Something the camera follows."""

    slot: int
    noise: float  # range noise over (range + floor), averaged
    hits: int = 0
    looks: int = 0
    rate: float = 1.0  # recent share of pictures that show it
    votes: dict[str, float] = field(default_factory=dict)
    kind: str = "unknown"
    confirmed: bool = False
    surveyed: Surveyed | None = None

    def vote(self, detection: Detection) -> None:
        """Count one detection; the class follows the majority, and "unknown" is a vote like any other."""
        self.hits += 1
        self.votes[detection.kind] = self.votes.get(detection.kind, 0.0) + detection.confidence
        self.kind = max(self.votes, key=self.votes.__getitem__)
        clear = self.votes[self.kind] >= _CLEAR_CLASS * sum(self.votes.values())
        if self.hits >= _CONFIRM_HITS and self.rate >= _CONFIRM_RATE and clear:
            self.confirmed = True


@dataclass(frozen=True, slots=True)
class _Link:
    """A track that could explain a detection."""

    cost: float
    detection: int
    track: _Track
    error_m: float
    noise_var: float
    var: float
    is_same_class: bool


_cost = attrgetter("cost")
_place = attrgetter("at_m")


class Landmarks:
    """Tracks and survey.

    `features` is the list to report; its sigmas are those of the distance from the robot, which is what a
    crossing needs. `next_m` is the place of the first one ahead, NaN = none.

    Args:
        survey_sigma_m: assumed 1 sigma of surveyed chainages; corrected by what is found.
    """

    def __init__(
        self,
        profile: Profile,
        line: Line,
        parameters: Parameters,
        mean: Vector,
        covariance: Vector,
        survey_sigma_m: float,
    ) -> None:
        self._mean = mean
        self._covariance = covariance
        self._camera = profile.camera
        self._trust = parameters.camera_trust
        self._survey = SurveyedFeatures(line, survey_sigma_m)
        self._tracks: list[_Track] = []
        self._free_slots = list(range(joint.FIRST + joint.SLOTS - 1, joint.FIRST - 1, -1))
        self._free_to_m = -math.inf  # the camera has looked so far
        self._last: _Track | None = None  # passed last
        self.features: tuple[SeenFeature, ...] = ()
        self.next_m = math.nan
        self.range_error = 0.0  # newest range, normalised innovation
        self._range_square = 1.0  # mean square of the last ones
        self._range_bias = 0.0  # mean of the last ones
        self.survey_error = 0.0  # newest look-up in the survey, normalised innovation
        self._stale_at_m = -math.inf  # chainage at which the list must be made again

    # ------------------------------------------------------------------ pictures

    def look(self, camera: CameraFrame, moved_m: float) -> None:
        """Take a new picture, made when the robot was `moved_m` further back."""
        if not camera.confidence >= self._trust:
            return
        offset_m = self._camera.forward_s_m - moved_m  # of the camera then from the middle carriage now
        seen = self._assign(camera.detections, offset_m)
        for track in self._tracks:
            self._count(track, track.slot in seen, offset_m)
        for track in [t for t in self._tracks if self._is_lost(t)]:
            self._drop(track)
        for track in self._tracks:
            if track.confirmed and track.surveyed is None:
                self._look_up(track)
        self._rule_out(offset_m)
        self._list()

    def look_again(self) -> None:
        """Forget what was seen ahead: an operator has changed something."""
        for track in [t for t in self._tracks if self._mean[t.slot] > self._mean[joint.S]]:
            if track.surveyed is not None:
                track.surveyed.found = False
            self._drop(track)
        self._free_to_m = -math.inf
        self._list()

    def _assign(self, detections: tuple[Detection, ...], offset_m: float) -> set[int]:
        """Give every detection to the track that explains it best, or a new one; slots of tracks seen."""
        sound = [d for d in detections if d.range_m > 0.0 and d.sigma_m > 0.0]
        links = [link for i, d in enumerate(sound) for link in self._links(i, d, offset_m)]
        links.sort(key=_cost)
        explained: set[int] = set()
        seen: set[int] = set()
        for link in links:
            if link.detection not in explained and link.track.slot not in seen:
                explained.add(link.detection)
                seen.add(link.track.slot)
                self._fuse(link, sound[link.detection])
        # what is so near to a track of its class is not something else
        explained.update(link.detection for link in links if link.is_same_class)
        for index, detection in enumerate(sound):
            if index not in explained and self._free_slots:
                seen.add(self._begin(detection, offset_m))
        return seen

    def _links(self, index: int, detection: Detection, offset_m: float) -> Iterator[_Link]:
        """All tracks that could explain a detection."""
        mean = self._mean
        for track in self._tracks:
            expected_m = float(mean[track.slot] - mean[joint.S]) - offset_m
            error_m = detection.range_m - expected_m
            if expected_m < 0.0 or abs(error_m) > _FAR_OFF_M:
                continue
            noise_var = (track.noise * (expected_m + _NOISE_FLOOR_M)) ** 2
            var = joint.difference_var(self._covariance, track.slot, joint.S) + noise_var
            cost = error_m**2 / var + _class_cost(detection.kind, track.kind)
            if cost < _GATE:
                cost -= 2.0 * math.log(max(track.rate, _RATE))  # what is seen rarely explains less
                yield _Link(cost, index, track, error_m, noise_var, var, detection.kind == track.kind)

    def _fuse(self, link: _Link, detection: Detection) -> None:
        track = link.track
        joint.update(
            self._mean, self._covariance, track.slot, 1.0, joint.S, -1.0, link.error_m, link.noise_var
        )
        track.noise += _RATE * (_noise(detection) - track.noise)
        track.vote(detection)
        self.range_error = link.error_m / math.sqrt(link.var)
        self._range_square += _SCORE_RATE * (min(self.range_error**2, _SCORE_MAX) - self._range_square)
        self._range_bias += _SCORE_RATE * (self.range_error - self._range_bias)

    def _begin(self, detection: Detection, offset_m: float) -> int:
        track = _Track(self._free_slots.pop(), _noise(detection))
        ahead_m = detection.range_m + offset_m
        joint.insert(self._mean, self._covariance, track.slot, ahead_m, detection.sigma_m**2)
        track.vote(detection)
        self._tracks.append(track)
        return track.slot

    def _count(self, track: _Track, seen: bool, offset_m: float) -> None:
        range_m = self._mean[track.slot] - self._mean[joint.S] - offset_m
        if not seen and not _NEAR_M < range_m < _FAR_SHARE * self._camera.forward_range_m:
            return
        track.looks += 1
        track.rate += max(_RATE, 1.0 / track.looks) * (seen - track.rate)

    def _is_lost(self, track: _Track) -> bool:
        at_m, s_m = self._mean[track.slot], self._mean[joint.S]
        if at_m < s_m - _BEHIND_M:
            return track is not self._last
        if track.confirmed:
            return track.rate < _DROP_CONFIRMED
        return (track.looks >= 5 and track.rate < _DROP_TENTATIVE) or at_m < s_m

    def _drop(self, track: _Track) -> None:
        self._tracks.remove(track)
        joint.remove(self._mean, self._covariance, track.slot)
        self._free_slots.append(track.slot)
        if track is self._last:
            self._last = None

    @property
    def is_consistent(self) -> bool:
        """Whether ranges change as the robot moves; if not, the camera does not measure what it says."""
        return self._range_square < _SQUARE_MAX and abs(self._range_bias) < _BIAS_MAX

    # ------------------------------------------------------------------ survey

    def _look_up(self, track: _Track) -> None:
        """Find the track in the survey; an unmistakable match also corrects the chainage."""
        survey, at_m = self._survey, float(self._mean[track.slot])
        track.surveyed, clear = survey.find(track.kind, at_m)
        if track.surveyed is None or not clear:
            return
        error_m = track.surveyed.at_m - at_m
        var = float(self._covariance[track.slot, track.slot])
        survey.learn(track.surveyed, error_m, var)
        noise_var = survey.sigma_m**2
        self.survey_error = error_m / math.sqrt(var + noise_var)
        if abs(self.survey_error) < _SURVEY_GATE:
            joint.update(self._mean, self._covariance, track.slot, 1.0, joint.S, 0.0, error_m, noise_var)

    def _rule_out(self, offset_m: float) -> None:
        """Drop surveyed features from where the camera has seen nothing for long enough."""
        eye_m = float(self._mean[joint.S]) + offset_m
        start_m = max(self._free_to_m, eye_m)
        self._free_to_m = max(self._free_to_m, min(eye_m + _FREE_AHEAD_M, start_m + _FREE_STEP_M))
        unexplained_m = [self._mean[t.slot] for t in self._tracks if t.surveyed is None]
        self._survey.rule_out(self._free_to_m, self._covariance[joint.S, joint.S], unexplained_m)

    # ------------------------------------------------------------------ list

    def pass_by(self, chainage_m: float) -> bool:
        """Note which feature was passed last; True when the list was made again."""
        if chainage_m < self._stale_at_m:
            return False
        self._list()
        return True

    @property
    def last_slot(self) -> int:
        """State of the landmark passed last, -1 = none."""
        return -1 if self._last is None else self._last.slot

    def _list(self) -> None:
        mean = self._mean.tolist()
        s_m = mean[joint.S]
        listed: list[SeenFeature] = []
        for track in self._tracks:
            at_m = mean[track.slot]
            if track.confirmed and at_m <= s_m and (self._last is None or at_m >= mean[self._last.slot]):
                self._last = track
            if at_m < s_m - _BEHIND_M or not (track.confirmed or track.hits >= _LIST_HITS):
                continue
            sigma_m = math.sqrt(joint.difference_var(self._covariance, track.slot, joint.S))
            surveyed = track.surveyed is not None
            listed.append(SeenFeature(track.kind, at_m, sigma_m, track.confirmed, surveyed))
        listed += self._survey.expected(self._free_to_m, _LISTED)
        listed.sort(key=_place)
        self.features = tuple(listed[:_LISTED])
        self.next_m = next((f.at_m for f in listed if f.at_m > s_m and (f.confirmed or f.surveyed)), math.nan)
        leaving_m = (f.at_m + _BEHIND_M for f in listed)
        changes_m = [at_m for at_m in (self.next_m, next(leaving_m, math.nan)) if at_m > s_m]
        self._stale_at_m = min(changes_m, default=math.inf)


def _class_cost(detected: str, followed: str) -> float:
    if detected == followed:
        return 0.0
    return _NO_CLASS if "unknown" in (detected, followed) else _WRONG_CLASS


def _noise(detection: Detection) -> float:
    return detection.sigma_m / (detection.range_m + _NOISE_FLOOR_M)
