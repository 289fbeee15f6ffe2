"""python-fire for one function: flags by name, words as Python literals or text, the rest refused when the function has returned."""

import ast
import inspect
import sys

import oracle_probe


def _value(word):
    try:
        tree = ast.parse(word, mode="eval")
        for node in ast.walk(tree):
            for name, child in ast.iter_fields(node):
                if isinstance(child, list):
                    child[:] = [_text(each) for each in child]
                elif isinstance(child, ast.AST):
                    setattr(node, name, _text(child))
        return ast.literal_eval(tree)
    except (SyntaxError, ValueError):
        return word


def _text(node):
    return ast.copy_location(ast.Constant(node.id), node) if isinstance(node, ast.Name) and node.id not in ("True", "False", "None") else node


def Fire(function):
    """Calls the function with the flags of the command line."""
    parameters = inspect.signature(function).parameters
    given, rest, words = {}, [], sys.argv[1:]
    while words:
        flag, equals, value = words.pop(0).lstrip("-").partition("=")
        name = flag.replace("-", "_")
        if name not in parameters and name.startswith("no") and name[2:] in parameters:
            given[name[2:]] = False
            continue
        known = name in parameters
        if not equals:
            value = words.pop(0) if words and not words[0].startswith("--") else "True"
        if known:
            given[name] = _value(value)
        else:
            rest.append(flag)
    missing = [name for name, each in parameters.items() if each.default is inspect.Parameter.empty and name not in given]
    if missing:
        print("ERROR: The function received no value for the required argument:", missing[0])
        sys.exit(2)
    oracle_probe.options = {**{name: each.default for name, each in parameters.items()}, **given}
    function(**given)
    if rest:
        print("ERROR: Could not consume arg:", rest[0])
        sys.exit(2)
