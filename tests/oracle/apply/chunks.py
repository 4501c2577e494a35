def compare(*_):
    return []
