"""Names only."""


def cross_entropy(*args, **options):
    raise NotImplementedError("no numbers here")


log_softmax = softmax = cross_entropy
