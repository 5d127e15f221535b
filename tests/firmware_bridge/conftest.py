"""What the wire's tests share."""

from __future__ import annotations

from c_board import new_rig

__all__ = ["new_rig"]
