"""Damage to files: to any of their bytes, to the numbers in them, and behind their checksums and compression."""

import gzip
import io
import re
import zipfile

from byte_builders import table_block, trailed

TRAILER = table_block([])


def mutate(content, rng):
    """A damaged copy of some bytes: one to three changes of the kinds that files suffer or are made to suffer."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 3)):
        at, length = rng.randrange(len(data)), rng.choice((1, 2, 4, 8, 64, 1000))
        match rng.randrange(12):
            case 0:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                data[at : at + length] = rng.randbytes(length)
            case 2:
                del data[max(at, 1) :]
            case 3:
                data[at:at] = rng.randbytes(length)
            case 4:
                del data[at : at + length]
            case 5:
                other = rng.randrange(len(data))
                data[at:at] = data[other : other + length]
            case 6:  # lengths and sizes become enormous or nothing
                data[at : at + 8] = rng.choice(
                    (b"\xff" * 8, b"\x00" * 8, b"\xff\xff\xff\xff\x07\x00\x00\x00", b"\x7f" * 8)
                )
            case 7:  # near the beginning, where formats keep what matters most
                data[rng.randrange(min(len(data), 200))] = rng.randrange(256)
            case 8 | 9:  # a length, count or place becomes another
                width = rng.choice((1, 2, 4, 8))
                value = _other(int.from_bytes(data[at : at + width], "little"), rng) % (1 << 8 * width)
                data[at : at + width] = value.to_bytes(width, "little")
            case _:  # the same in text: shapes, types, offsets
                if runs := list(re.finditer(rb"\d+", data[:100_000])):
                    run = rng.choice(runs)
                    data[run.start() : run.end()] = str(_other(int(run[0][:20]), rng)).encode()
        data = data or bytearray(b"\x00")
    return bytes(data)


def _other(number, rng):
    return rng.choice((number + 1, abs(number - 1), 2 * number, number // 2, 0, -1, 1 << 31, (1 << 63) - 1, 10**12))


def within(suffix, content, rng):
    """A copy that is damaged behind its checksums and compression: a reader's own checks have to see it."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {member: archive.read(member) for member in archive.infolist()}
        chosen = rng.choice(list(members))
        members[chosen] = mutate(members[chosen], rng)
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
            for member, data in members.items():
                archive.writestr(member.filename, data)
        return made.getvalue()
    if suffix == ".tar.gz":
        tar = bytearray(mutate(gzip.decompress(content), rng))
        tar[148:156] = b"%06o\0 " % (sum(tar[:148]) + sum(tar[156:512]) + 8 * 32)
        return gzip.compress(tar)
    if suffix.endswith(".ckpt"):
        start = content.index(TRAILER)  # of the empty block behind the entries
        block = mutate(content[: start - 5], rng)[: start - 5].ljust(start - 5, b"\0")
        return trailed(block) + content[start:]
    return mutate(content, rng)
