"""Whom the demo answers, and how much it takes: the guard before the page, asked as a server asks it."""

import asyncio

import pytest

from keras_googlenet.demo.guard import MAX_BODY, ROOM, Guard, is_called

UPLOAD = "/gradio_api/upload"


async def page(scope, receive, send):
    """An application that answers 200, or as its path says."""
    status = int(scope["path"].rpartition("=")[2]) if "=" in scope["path"] else 200
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def answer(guard, path="/", kind="http", **headers):
    sent = []

    async def send(message):
        sent.append(message)

    pairs = [
        (name.replace("_", "-").encode(), value.encode("latin-1"))
        for name, values in {"host": "localhost", **headers}.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    scope = {"type": kind, "method": "POST", "path": path, "headers": pairs, "client": ("192.0.2.7", 5)}
    asyncio.run(guard(scope, None, send))
    return sent[0].get("status", sent[0]["type"])


@pytest.fixture
def guard(tmp_path):
    return Guard(page, host="127.0.0.1", folder=str(tmp_path), largest=1000)


@pytest.mark.parametrize(
    ("name", "host", "right"),
    [
        ("localhost:7860", "127.0.0.1", True),
        ("LOCALHOST.", "127.0.0.1", True),
        ("127.0.0.1:7860", "127.0.0.1", True),
        ("[::1]:7860", "127.0.0.1", True),
        ("pc.example:80", "pc.example", True),
        ("pc.example", "PC.example", True),
        ("192.168.1.7:80", "192.168.1.7", True),
        ("192.168.1.7:80", "0.0.0.0", True),
        ("[fe80::1]", "::", True),
        ("192.168.1.7:80", "127.0.0.1", False),
        ("evil.example:7860", "127.0.0.1", False),
        ("evil.example:7860", "0.0.0.0", False),
        ("localhost.evil.example", "127.0.0.1", False),
        ("localhost:7860@evil.example", "127.0.0.1", False),
        ("evil.example#localhost", "127.0.0.1", False),
        ("::1", "127.0.0.1", False),
        ("localhost:", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("127.0.0.1.", "127.0.0.1", True),
        ("0x7f.1", "127.0.0.1", False),
        ("2130706433", "0.0.0.0", False),
    ],
)
def test_names_of_the_machine(name, host, right):
    assert is_called(name, host) is right


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://localhost:7860"}, 200),
        ({"host": "evil.example"}, 403),
        ({"host": ["localhost", "evil.example"]}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ["http://localhost", "http://evil.example"]}, 403),
        ({"transfer_encoding": "chunked"}, 411),
        ({"content_length": str(MAX_BODY)}, 200),
        ({"content_length": str(MAX_BODY + 1)}, 413),
    ],
)
def test_requests_are_of_this_machine_and_small(guard, headers, status, capsys):
    assert answer(guard, **headers) == status
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == (status != 200)
    assert all(line.startswith(f"keras-googlenet: refused: 192.0.2.7: POST /: {status}: ") for line in lines)


def test_what_the_page_refuses_is_logged_on_one_line(guard, capsys):
    assert answer(guard, "/\x1b[31m\nfull=503") == 503
    assert capsys.readouterr().err == "keras-googlenet: refused: 192.0.2.7: POST /\\x1b[31m\\nfull=503: 503\n"


def test_a_foreign_web_socket_is_closed(guard):
    assert answer(guard, kind="websocket", host="evil.example") == "websocket.close"


def test_uploads_take_so_much_and_no_more(guard, tmp_path, capsys):
    (tmp_path / "session").mkdir()
    kept = tmp_path / "session" / "photo.jpg"
    kept.write_bytes(bytes(1000 * (ROOM - 1)))
    assert answer(guard, UPLOAD, content_length="1000") == 200
    assert answer(guard, UPLOAD, content_length="1001") == 507
    assert "uploads take at most 50,000" in capsys.readouterr().err
    kept.unlink()
    assert answer(guard, UPLOAD, content_length="1001") == 200


def test_uploads_that_are_under_way_count(tmp_path):
    seen = []

    async def slow(scope, receive, send):
        if len(seen) < ROOM + 1:
            seen.append(scope)
            seen.append(await asyncio.to_thread(answer, guard, UPLOAD, content_length="1000"))
        await page(scope, receive, send)

    guard = Guard(slow, host="127.0.0.1", folder=str(tmp_path), largest=1000)
    assert answer(guard, UPLOAD, content_length=str(1000 * ROOM)) == 200
    assert seen[1] == 507
