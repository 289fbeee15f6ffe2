"""Every requirement is met."""


def require_version(requirement, hint=None):
    return None
