"""Names only."""


def checkpoint(function, *args, **options):
    return function(*args)
