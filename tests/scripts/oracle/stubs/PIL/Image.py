"""Names only."""


class Image:
    size = (1, 1)


def open(path):
    return Image()
