"""A narrow link: a TCP relay through which only so many bits a second come back."""

from __future__ import annotations

import asyncio
import socket
import threading

_CHUNK = 1500
_QUEUE_BYTES = 32_768  # what a radio keeps waiting


class Throttle:
    """Relays to a local port; all that comes back shares `bits_per_s`."""

    def __init__(self, port: int, bits_per_s: float) -> None:
        self._port, self._bits_per_s = port, bits_per_s
        self._loop = asyncio.new_event_loop()
        self._free_s = 0.0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Throttle:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._relay, sock=self._listener))
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port, limit=_QUEUE_BYTES)
        there._transport.get_extra_info("socket").setsockopt(  # type: ignore[attr-defined]
            socket.SOL_SOCKET, socket.SO_RCVBUF, _QUEUE_BYTES
        )
        try:
            await asyncio.gather(self._copy(reader, back, False), self._copy(there, writer, True))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            back.close()

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, narrow: bool) -> None:
        while data := await source.read(_CHUNK):
            if narrow:
                now_s = self._loop.time()
                self._free_s = max(self._free_s, now_s) + len(data) * 8 / self._bits_per_s
                await asyncio.sleep(self._free_s - now_s)
            sink.write(data)
            await sink.drain()
        sink.write_eof()
