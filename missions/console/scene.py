"""What the runtime tells the process that draws the simulated cameras' pictures."""

from __future__ import annotations

from hil.world.truth import TruthState
from missions.codec import Codec

FILE = "scene.json"  # the world's features, in the folder of the sockets
TRUTH_MESSAGE = Codec(TruthState)
