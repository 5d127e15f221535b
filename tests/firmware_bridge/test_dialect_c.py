"""C and Python made from one XML: what one packs is what the other packs, and each reads the other.

A program with every message of the dialect is written, compiled with the generated headers and asked to pack fields
(given in the XML's order) and to take frames apart, by MAVLink's parser and by the example board's.
"""

from __future__ import annotations

import functools
import math
import random
import struct
import subprocess
from pathlib import Path
from typing import Any

import fastcrc
import pytest
from board_rig import PROFILE
from c_board import built, headers

from firmware_bridge.dialect import silkline
from firmware_bridge.example_board import generate
from firmware_bridge.link import COMPONENT, HOST_SYSTEM, LAYOUTS, Link
from firmware_bridge.ports import MemoryPair

CODES = {
    "char": "s", "uint8_t": "B", "int8_t": "b", "uint16_t": "H", "int16_t": "h", "uint32_t": "I", "int32_t": "i",
    "uint64_t": "Q", "int64_t": "q", "float": "f", "double": "d",
}  # fmt: skip
SEEDS = range(6)
EXTREMES = ("nought", "least", "largest", "nan", "infinite", "tiny", "half empty", *SEEDS)
FIXED = {(0, "mavlink_version"): 3}  # the C code puts it in by itself

Fields = dict[str, Any]  # by name; an array is a tuple, a text is bytes


def fields_of(id_: int) -> dict[str, tuple[str, int]]:
    """Struct code and count (0 = no array) of each field, in the XML's order."""
    message = LAYOUTS[id_].message
    ordered = message.ordered_fieldnames
    return {
        name: (CODES[kind], message.array_lengths[ordered.index(name)])
        for name, kind in zip(message.fieldnames, message.fieldtypes, strict=True)
    }


def value(code: str, how: str | int, rng: random.Random) -> int | float:
    if code in "fd":
        smallest, top = (1e-45, 3.4028234663852886e38) if code == "f" else (5e-324, 1.7976931348623157e308)
        drawn = struct.unpack(f"<{code}", struct.pack(f"<{code}", rng.uniform(-1e6, 1e6)))[0]
        return {"nought": 0.0, "least": -top, "largest": top, "nan": math.nan, "infinite": -math.inf,
                "tiny": struct.unpack(f"<{code}", struct.pack(f"<{code}", smallest))[0]}.get(how, drawn)  # fmt: skip
    bits = 8 * struct.calcsize(f"<{code}")
    low, high = (0, (1 << bits) - 1) if code.isupper() else (-(1 << bits - 1), (1 << bits - 1) - 1)
    return {"nought": 0, "least": low, "largest": high, "tiny": 1}.get(how, rng.randint(low, high))


def example(id_: int, how: str | int) -> Fields:
    rng = random.Random(f"{id_} {how}")
    fields: Fields = {}
    for name, (code, count) in fields_of(id_).items():
        if code == "s":
            text = rng.randbytes(count)
            fields[name] = {"nought": bytes(count), "half empty": text[: count // 2].ljust(count, b"\0")}.get(
                how, text
            )
        elif count:
            fields[name] = tuple(value(code, how, rng) for _ in range(count))
        else:
            fields[name] = FIXED.get((id_, name), value(code, how, rng))
    if how == "half empty":  # of what stands last on the wire
        ordered = LAYOUTS[id_].message.ordered_fieldnames
        for name in ordered[(len(ordered) + 1) // 2 :]:
            code, count = fields_of(id_)[name]
            if (id_, name) not in FIXED:
                nought = b"\0" if code == "s" else (value(code, "nought", rng),)
                fields[name] = nought * count if count else nought[0]
    return fields


def as_bytes(id_: int, fields: Fields) -> bytes:
    """Field after field in the XML's order, as the C program takes and gives them."""
    data = b""
    for name, (code, count) in fields_of(id_).items():
        given = fields[name]
        if code == "s":
            data += given
        else:
            data += struct.pack(f"<{max(count, 1)}{code}", *(given if count else (given,)))
    return data


def wire_values(id_: int, fields: Fields) -> list[Any]:
    values: list[Any] = []
    for name in LAYOUTS[id_].message.ordered_fieldnames:
        values += fields[name] if isinstance(fields[name], tuple) else [fields[name]]
    return values


def by_link(id_: int, fields: Fields, sequence: int) -> bytes:
    pair = MemoryPair()
    link = Link(pair.host, HOST_SYSTEM)
    link._sequence = sequence
    link.queue(id_, *wire_values(id_, fields))
    link.flush()
    return pair.device.read()


def by_generated_python(id_: int, fields: Fields, sequence: int) -> bytes:
    sender = silkline.MAVLink(None, srcSystem=HOST_SYSTEM, srcComponent=COMPONENT)
    sender.seq = sequence
    return bytes(LAYOUTS[id_].message(*fields.values()).pack(sender))


# ---------------------------------------------------------------- the program in C

PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "link.h"

static uint8_t in[1024], out[1024];
static size_t taken, given;
static mavlink_message_t found;
static int count;

static void take(void *field, size_t size) { memcpy(field, in + taken, size); taken += size; }
static void give(const void *field, size_t size) { memcpy(out + given, field, size); given += size; }
static void find(void *context, const mavlink_message_t *message)
{
    (void)context;
    found = *message;
    count++;
}
@FUNCTIONS@
static void pack(uint32_t id, uint8_t sequence)
{
    mavlink_message_t message;
    mavlink_status_t status = {.current_tx_seq = sequence};
    switch (id) {
@PACK@
    default: exit(4);
    }
    given = mavlink_msg_to_send_buffer(out, &message);
}

static void unpack(const mavlink_message_t *message)
{
    uint32_t id = message->msgid;
    give(&id, sizeof id);
    switch (id) {
@UNPACK@
    default: exit(4);
    }
}

int main(void)
{
    static struct link link;
    uint32_t head[3]; /* id (0xFFFFFFFF: take a frame apart), sequence, length */
    while (fread(head, sizeof head, 1, stdin) == 1) {
        if (fread(in, 1, head[2], stdin) != head[2]) {
            return 2;
        }
        taken = given = 0;
        if (head[0] != 0xFFFFFFFFu) {
            pack(head[0], (uint8_t)head[1]);
        } else {
            mavlink_message_t theirs;
            mavlink_status_t status;
            int by_mavlink = 0;
            for (size_t i = 0; i < head[2]; i++) {
                by_mavlink += mavlink_parse_char(MAVLINK_COMM_0, in[i], &theirs, &status);
            }
            count = 0;
            link_take(&link, in, head[2], find, NULL);
            link.held = 0;
            if (count != by_mavlink) {
                return 3;
            }
            if (count && memcmp(found.payload64, theirs.payload64, found.len)) {
                return 3;
            }
            if (count) {
                unpack(&found);
            }
        }
        uint32_t length = (uint32_t)given;
        fwrite(&length, sizeof length, 1, stdout);
        fwrite(out, 1, given, stdout);
    }
    return 0;
}
"""


def program_text() -> str:
    functions, pack, unpack = [], [], []
    for id_, layout in LAYOUTS.items():
        name, members = layout.name.lower(), fields_of(id_)
        for verb in ("take", "give"):
            each = " ".join(f"{verb}(&m->{field}, sizeof m->{field});" for field in members)
            functions.append(f"static void {verb}_{name}(mavlink_{name}_t *m) {{ {each} }}")
        pack.append(
            f"    case {id_}: {{ mavlink_{name}_t m; memset(&m, 0, sizeof m); take_{name}(&m);"
            f" mavlink_msg_{name}_encode_status({HOST_SYSTEM}, {COMPONENT}, &status, &message, &m); break; }}"
        )
        unpack.append(
            f"    case {id_}: {{ mavlink_{name}_t m; mavlink_msg_{name}_decode(message, &m);"
            f" give_{name}(&m); break; }}"
        )
    return (
        PROGRAM.replace("@FUNCTIONS@", "\n".join(functions))
        .replace("@PACK@", "\n".join(pack))
        .replace("@UNPACK@", "\n".join(unpack))
    )


@functools.cache
def program() -> Path:
    config = generate.robot_config(PROFILE)
    source = headers(config) / "every_message.c"
    source.write_text(program_text(), encoding="utf-8")
    return built(source, config)


def ask(*questions: tuple[int, int, bytes]) -> list[bytes]:
    """Answers to (id, sequence, fields) or (`TAKE_APART`, 0, frame)."""
    data = b"".join(struct.pack("<3I", id_, sequence, len(body)) + body for id_, sequence, body in questions)
    done = subprocess.run([program()], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    answers, at = [], 0
    while at < len(done.stdout):
        (length,) = struct.unpack_from("<I", done.stdout, at)
        answers.append(done.stdout[at + 4 : at + 4 + length])
        at += 4 + length
    return answers


TAKE_APART = 0xFFFFFFFF


# ---------------------------------------------------------------- the tests


@pytest.mark.parametrize("id_", LAYOUTS, ids=lambda id_: LAYOUTS[id_].name)
def test_c_and_python_pack_alike(id_):
    examples = {how: example(id_, how) for how in EXTREMES}
    packed = ask(*((id_, 7, as_bytes(id_, fields)) for fields in examples.values()))
    for (how, fields), frame in zip(examples.items(), packed, strict=True):
        assert frame == by_link(id_, fields, 7) == by_generated_python(id_, fields, 7), how


@pytest.mark.parametrize("id_", LAYOUTS, ids=lambda id_: LAYOUTS[id_].name)
def test_c_reads_what_python_packs(id_):
    examples = {how: example(id_, how) for how in EXTREMES}
    read = ask(*((TAKE_APART, 0, by_link(id_, fields, 7)) for fields in examples.values()))
    for (how, fields), answer in zip(examples.items(), read, strict=True):
        assert answer == struct.pack("<I", id_) + as_bytes(id_, fields), how


@pytest.mark.parametrize("id_", LAYOUTS, ids=lambda id_: LAYOUTS[id_].name)
def test_python_reads_what_c_packs(id_):
    examples = {how: example(id_, how) for how in EXTREMES}
    packed = ask(*((id_, 9, as_bytes(id_, fields)) for fields in examples.values()))
    for (how, fields), frame in zip(examples.items(), packed, strict=True):
        ((read_id, values),) = Link(MemoryPair().host, 1).parse(frame)
        assert read_id == id_
        assert LAYOUTS[id_].struct.pack(*values) == LAYOUTS[id_].struct.pack(*wire_values(id_, fields)), how
        (message,) = silkline.MAVLink(None).parse_buffer(frame)
        for name, (code, _) in fields_of(id_).items():
            if code != "s":  # by their text, because NaN is not equal to itself
                assert repr(getattr(message, name)).strip("[]()") == repr(fields[name]).strip("[]()"), (
                    how,
                    name,
                )


@pytest.mark.parametrize("id_", LAYOUTS, ids=lambda id_: LAYOUTS[id_].name)
def test_a_frame_of_another_layout_is_refused(id_):
    """Its checksum is right but for the layout's own seed."""
    good = by_link(id_, example(id_, 1), 0)
    seed = bytes([LAYOUTS[id_].seed[0] ^ 1])
    strange = good[:-2] + fastcrc.crc16.mcrf4xx(good[1:-2] + seed).to_bytes(2, "little")
    refused, accepted = ask((TAKE_APART, 0, strange), (TAKE_APART, 0, good))
    assert refused == b""
    assert accepted != b""
    assert Link(MemoryPair().host, 1).parse(strange) == []
