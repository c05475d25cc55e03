"""The servers that tests start: reached over TCP, taken away and given back."""

import socket

import psycopg
import pytest

from tests import servers


def test_a_postgres_that_crashed_comes_back_on_its_port_with_what_was_committed() -> None:
    with servers.postgres_over_tcp() as postgres:
        with psycopg.connect(postgres.url) as connection:
            connection.execute("CREATE EXTENSION vector")
            connection.execute("CREATE TABLE kept (vector vector(2))")
            connection.execute("INSERT INTO kept VALUES ('[1, 2]')")
        url = postgres.url
        postgres.stop("immediate")
        assert not postgres.answers()
        postgres.start()
        assert postgres.url == url
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace(postgres.password, "wrong"))
    assert not postgres.var.exists()


@pytest.mark.skipif(not servers.redis_is_installed(), reason="no redis-server on this machine")
def test_a_redis_comes_back_on_its_port_and_has_forgotten() -> None:
    def ask(redis: servers.Redis, words: str) -> bytes:
        with socket.create_connection((redis.address, redis.port), timeout=5) as line:
            line.sendall(f"{words}\r\n".encode())
            return line.recv(100)

    with servers.redis("127.0.0.2") as redis:
        assert ask(redis, "SET a 1") == b"+OK\r\n"
        redis.stop()
        with pytest.raises(ConnectionRefusedError):
            ask(redis, "GET a")
        redis.start()
        assert ask(redis, "GET a") == b"$-1\r\n"
