# SPDX-License-Identifier: BSD-3-Clause
"""Reads a trace file by the layout of SPDK's structs (structs.tsv) alone: no code of ours."""

import struct

MAX_TPOINT = 1280
ENTRY = struct.Struct("<QHHIQ8s")
TPOINT_BYTES = 24 + 6 + 8 * 16 + 16 * 2


def text(raw):
    return raw.split(b"\0")[0].decode("ascii")


class TraceFile:
    def __init__(self, data):
        self.data = data
        self.size, self.num_sections = struct.unpack_from("<QH", data)
        offsets = struct.unpack_from("<7Q", data, 16)
        main, owners, masks, owner_types, objects, tpoints, lcores = offsets
        self.tsc_rate, self.clear_tsc = struct.unpack_from("<QQ", data, main)
        self.masks = struct.unpack_from("<20Q", data, masks + 128)
        self.owners = self.read_owners(owners)
        self.owner_types = self.letters(owner_types)
        self.objects = self.letters(objects)
        self.tpoints = self.read_tpoints(tpoints)
        count, = struct.unpack_from("<H", data, lcores)
        self.lcores = {i: o for i, o in enumerate(struct.unpack_from(f"<{count}Q", data,
                                                                     lcores + 128)) if o}

    def letters(self, at):
        count, = struct.unpack_from("<H", self.data, at)
        pairs = [struct.unpack_from("<Bc", self.data, at + 128 + 2 * i) for i in range(count)]
        return {t: c.decode("ascii") for t, c in pairs if t}

    def read_owners(self, at):
        num, size = struct.unpack_from("<HH", self.data, at)
        out = {}
        for i in range(num):
            tsc, kind = struct.unpack_from("<QB", self.data, at + 128 + i * (9 + size))
            start = at + 128 + i * (9 + size) + 9
            if tsc:
                out[i] = (tsc, kind, text(self.data[start:start + size]))
        return out

    def read_tpoints(self, at):
        out = {}
        for i in range(MAX_TPOINT):
            raw = self.data[at + 128 + i * TPOINT_BYTES:][:TPOINT_BYTES]
            name = text(raw[:24])
            if not name:
                continue
            number, _, object_type, new, num = struct.unpack_from("<HBBBB", raw, 24)
            assert number == i
            args = [(text(raw[30 + 16 * n:44 + 16 * n]), *raw[44 + 16 * n:46 + 16 * n])
                    for n in range(num)]
            out[i] = {"name": name, "object_type": object_type, "new": new, "args": args}
        return out

    def ring(self, lcore):
        """[(tsc, tpoint, owner, size, object, args)] in the order of writing."""
        at = self.lcores[lcore]
        number, name, num, num_ids, following = struct.unpack_from("<i16s4xQQQ", self.data, at) \
            if struct.calcsize("<i16s4xQQQ") == 48 else (0,) * 5
        assert number == lcore and name.startswith(b"reactor_")
        first = at + 48 + 8 * num_ids
        raw = [self.data[first + 32 * i:][:32] for i in range(num)]
        begin = max(0, following - num)
        entries = [ENTRY.unpack(raw[i % num]) for i in range(begin, following)]
        whole = [raw[i % num] for i in range(begin, following)]
        return self.records(entries, whole)

    def records(self, entries, raw):
        out, i = [], 0
        while i < len(entries):
            tsc, tpoint, owner, size, obj, args = entries[i]
            i += 1
            if tpoint == MAX_TPOINT or tsc <= self.clear_tsc:
                continue  # more of a record that is lost
            want = sum(size for _, _, size in self.tpoints[tpoint]["args"])
            while len(args) < want:
                assert entries[i][1] == MAX_TPOINT and entries[i][0] == tsc
                args += raw[i][10:]
                i += 1
            out.append((tsc, tpoint, owner, size, obj, self.decode(tpoint, args)))
        return out

    def decode(self, tpoint, raw):
        out = []
        for _, kind, size in self.tpoints[tpoint]["args"]:
            out.append(text(raw[:size]) if kind == 2 else int.from_bytes(raw[:size], "little"))
            raw = raw[size:]
        return out

    def all(self):
        """[(tsc, lcore, tpoint, owner, size, object, args)] by time."""
        rows = [(r[0], lcore, *r[1:]) for lcore in self.lcores for r in self.ring(lcore)]
        return sorted(rows, key=lambda r: r[0])
