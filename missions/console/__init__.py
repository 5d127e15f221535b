"""The console: what a crew holds in its hands at the foot of the pole (docs/console-protocol.md).

`runtime` drives the robot, `pictures` draws what the simulated cameras see, `server` speaks with the crew's
tablets; each is a process of its own, and `supervisor` starts and ends them. They are joined by local datagram
sockets (`sockets`) that carry the log's own kind of messages (`snapshot`).
"""
