"""Who is alive."""


def listen() -> None:
    pass
