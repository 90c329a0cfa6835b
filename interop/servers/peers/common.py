"""What both servers of python-socketio do with their events; each answers as its kind of server must."""


def describe(value):
    if isinstance(value, (bytes, bytearray)):
        return f"bin:{len(value)}:{sum(value) % 65536}"
    if isinstance(value, (list, tuple)):
        return [describe(inner) for inner in value]
    if isinstance(value, dict):
        return {key: describe(inner) for key, inner in value.items()}
    return value


def data(n):
    return (bytes(range(256)) * (n // 256 + 1))[:n]
