"""Compares lintune's evaluation of shell scripts with what bash does: `python tools/bash_agreement.py DIR [-- ARGS]`.

Every script below DIR runs under the real bash in a temporary copy of DIR's shell scripts, with a PATH that holds only
harmless text utilities: every other program is caught by `command_not_found_handle`, which logs its arguments and
environment and succeeds. As root the run is confined by a chroot, an unprivileged user and new namespaces; otherwise
by `unshare -r` where that is allowed. `cd` and `source` of what is not there are made to succeed.

A script agrees if every call of a program in the field (python, torchrun, ...) that bash made is one that lintune
foresaw, word by word, unknown pieces standing for anything, and if lintune foresaw no certain, wholly known call that
bash did not make.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lintune.launch.evaluate import evaluate
from lintune.launch.word import Command, Word
from lintune.source.text import Source
from lintune.syntax.shell import parse_shell

UTILITIES = [
    "basename",
    "dirname",
    "realpath",
    "readlink",
    "seq",
    "expr",
    "date",
    "nproc",
    "wc",
    "cut",
    "tr",
    "sed",
    "awk",
    "mawk",
    "head",
    "tail",
    "cat",
    "sort",
    "uniq",
    "mkdir",
    "touch",
    "grep",
    "paste",
    "rev",
    "bc",
    "shuf",
    "od",
    "ls",
    "rm",
    "mktemp",
]
"""Programs that really run, inside the sandbox."""
LAUNCHERS = frozenset(
    [
        "python",
        "python3",
        "torchrun",
        "deepspeed",
        "accelerate",
        "swift",
        "megatron",
        "srun",
        "sbatch",
        "ray",
        "axolotl",
        "llamafactory-cli",
        "trl",
        "tune",
        "litgpt",
        "mpirun",
        "nohup",
        "env",
        "uv",
        "conda",
        "bash",
        "sh",
    ]
)
"""Programs whose calls decide whether a script agrees."""
RECORDER = r"""
exec 19> /dev/null; BASH_XTRACEFD=19; trap wait EXIT
command_not_found_handle() {
  trap '' PIPE
  local IFS=$' \t\n'
  {
    printf '\1C%s' "$PWD"
    printf '\2%s' "$@"
    for __n in $(compgen -e); do printf '\3%s=%s' "$__n" "${!__n}"; done
    printf '\4'
  } > "$AGREEMENT_LOG.$EPOCHREALTIME.$BASHPID" 2> /dev/null
  return 0
}
cd() {
  builtin cd "$@" 2>/dev/null || { [ "$#" -gt 0 ] && mkdir -p -- "${!#}" 2>/dev/null && builtin cd -- "${!#}" 2>/dev/null; }
  return 0
}
mkdir() { command mkdir "$@" 2>/dev/null; return 0; }
rm() { command rm "$@" 2>/dev/null; return 0; }
exec() { if [ "$#" -gt 0 ]; then "$@"; exit; fi; }
source() { if [ -f "$1" ]; then builtin source "$@"; fi; }
bash() { command_not_found_handle bash "$@"; case "$1" in -c|-[a-z]c) "$BASH" "$@";; esac; }
sh() { command_not_found_handle sh "$@"; case "$1" in -c|-[a-z]c) "$BASH" "$@";; esac; }
"""
HOME = "/tmp/home"
_GAVE_UP = re.compile(rb"unbound variable|bad substitution|No such file or directory|Permission denied|syntax error|Is a directory")
_IGNORED = frozenset(("AGREEMENT_LOG", "LC_ALL", "BASH_ENV", "PATH", "PWD", "OLDPWD", "SHLVL", "_", "HOME", "USER"))


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a program as bash made it."""

    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Verdict:
    """How a script compares."""

    path: str
    agrees: bool
    calls: int = 0
    matched: int = 0
    known: int = 0
    notes: list[str] = field(default_factory=list)


class Folder:
    """The files of a folder, for `source` and file tests."""

    def __init__(self, root: Path) -> None:
        """`root`: the folder that relative paths start from."""
        self.root = root

    def exists(self, path: str) -> bool:
        """Whether something is there."""
        return (self.root / path).exists()

    def is_dir(self, path: str) -> bool:
        """Whether a folder is there."""
        return (self.root / path).is_dir()

    def read(self, path: str) -> Source | None:
        """A file's text."""
        place = self.root / path
        return Source(path, _text(place)) if place.is_file() else None


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape")


def parse_log(data: bytes) -> list[Call]:
    """The calls of a recording."""
    calls: list[Call] = []
    for record in data.split(b"\4"):
        head, _, rest = record.partition(b"\2")
        if not head.startswith(b"\1C"):
            continue
        arguments, *environment = rest.split(b"\3")
        pairs = (item.decode("utf-8", "surrogateescape").partition("=") for item in environment)
        env = {name: value for name, _, value in pairs if name not in _IGNORED}
        calls.append(Call(tuple(text.decode("utf-8", "surrogateescape") for text in arguments.split(b"\2")), env))
    return calls


class Sandbox:
    """A place where scripts can run without reaching anything."""

    def __init__(self, confined: bool = True) -> None:
        """`confined`: whether to use a chroot and namespaces; only for scripts of one's own may it be left out."""
        self.root = Path(tempfile.mkdtemp(prefix="agreement-"))
        self.confined = confined
        self.bash = shutil.which("bash") or "/bin/bash"
        self.bin = self.root / "utilities"
        self.bin.mkdir()
        (self.root / "recorder").write_text(RECORDER)
        wanted = [self.bash, *filter(None, map(shutil.which, UTILITIES))]
        if confined:
            self._copy_programs(wanted)
        else:
            for program in wanted[1:]:
                (self.bin / Path(program).name).symlink_to(program)

    def _copy_programs(self, programs: Iterable[str]) -> None:
        for program in programs:
            real = os.path.realpath(program)
            target = self.root / "bash" if program == self.bash else self.bin / Path(program).name
            shutil.copy2(real, target)
            listed = subprocess.run(["ldd", real], capture_output=True, text=True, check=False).stdout
            for library in re.findall(r"(/\S+)", listed):
                place = self.root / library.lstrip("/")
                if not place.exists():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(library, place)
        for name in ("dev", "tmp"):
            (self.root / name).mkdir(exist_ok=True)
        os.chmod(self.root / "tmp", 0o1777)
        os.chmod(self.root, 0o755)
        if os.geteuid() == 0:
            subprocess.run(["mknod", "-m", "666", str(self.root / "dev/null"), "c", "1", "3"], check=False)

    def run(self, tree: Path, script: str, arguments: tuple[str, ...], seconds: float = 6.0) -> tuple[list[Call], bool]:
        """The calls that a script makes, started in `tree`, and whether bash said that it could not do all of it."""
        log = tree / ".agreement-log"
        inside = Path("/") / tree.relative_to(self.root) if self.confined else tree
        env = {
            "PATH": "/utilities" if self.confined else str(self.bin),
            "AGREEMENT_LOG": str(inside / log.name),
            "BASH_ENV": "/recorder" if self.confined else str(self.root / "recorder"),
            "HOME": HOME,
            "LC_ALL": "C",
        }
        command = [self.bash, script, *arguments]
        if self.confined:
            inner = f'ulimit -t 5 -f 20000 -u 4000 2>/dev/null; cd {inside} && exec /bash "$@"'
            user = ["--userspec=65534:65534"] if os.geteuid() == 0 else []
            spaces = ["unshare", "-mpnif", "--kill-child"] + ([] if os.geteuid() == 0 else ["-r"])
            command = [*spaces, "chroot", *user, str(self.root), "/bash", "-c", inner, "bash", script, *arguments]
            outer = {**env, "PATH": os.environ["PATH"]}
            command[command.index(str(self.root)) + 3] = f"PATH=/utilities; {inner}"
            env = outer
        try:
            done = subprocess.run(
                command,
                cwd=None if self.confined else tree,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise TimeoutError(script) from None
        calls = parse_log(b"".join(part.read_bytes() for part in sorted(tree.glob(log.name + ".*"))))
        return calls, _GAVE_UP.search(done.stderr) is not None

    def close(self) -> None:
        """Removes the sandbox."""
        shutil.rmtree(self.root, ignore_errors=True)


def word_pattern(word: Word) -> str:
    """A regular expression for what a word may be."""
    return "".join("(?s:.*)" if piece.reason else re.escape(piece.text) for piece in word.pieces)


def agrees(command: Command, call: tuple[str, ...]) -> bool:
    """Whether a foreseen command may be this call."""
    places = {0}
    for word in command.argv:
        pattern = re.compile(word_pattern(word))
        following: set[int] = set()
        for place in places:
            if place < len(call) and pattern.fullmatch(call[place]):
                following.add(place + 1)
            if word.many:
                following.update(range(place, len(call) + 1))
            elif word.pieces and all(piece.reason for piece in word.pieces):
                following.add(place)
        places = following
        if not places:
            return False
    return len(call) in places


def env_agrees(command: Command, call: Call) -> bool:
    """Whether the exported variables are those that the program saw."""
    for name, word in command.env.items():
        if name not in _IGNORED and not re.fullmatch(word_pattern(word), call.env.get(name, "\0")):
            return False
    return all(name in command.env for name in call.env)


def wholly_known(command: Command) -> bool:
    """Whether every word of a command is known."""
    return all(word.known for word in command.argv)


def compare(path: str, commands: tuple[Command, ...], calls: list[Call], names: frozenset[str] | None, stopped: bool = False) -> Verdict:
    """Matches what was foreseen with what happened; `stopped`: bash may have given up early for want of a file or a variable."""
    verdict = Verdict(path, True)
    open_commands = [command for command in commands if command.argv]
    used: set[int] = set()
    for call in calls:
        if names is not None and call.argv[0] not in names:
            continue
        verdict.calls += 1
        candidates = [index for index, command in enumerate(open_commands) if agrees(command, call.argv)]
        candidates.sort(key=lambda index: not wholly_known(open_commands[index]))
        if not candidates:
            verdict.agrees = False
            verdict.notes.append("bash ran, not foreseen: " + " ".join(call.argv)[:400])
            continue
        best = next((index for index in candidates if index not in used), candidates[0])
        used.add(best)
        verdict.matched += 1
        verdict.known += wholly_known(open_commands[best])
        if not env_agrees(open_commands[best], call):
            verdict.notes.append("environment differs: " + " ".join(call.argv)[:120])
    for index, command in enumerate(open_commands):
        name = command.argv[0].text
        if index not in used and command.certain and wholly_known(command) and (names is None or name in names) and "/" not in name:
            if name in UTILITIES or _inside_wrapped(command, open_commands[:index]):
                continue
            verdict.agrees = verdict.agrees and stopped
            verdict.notes.append("foreseen, not run: " + " ".join(word.text for word in command.argv)[:400])
    return verdict


def _inside_wrapped(command: Command, before: list[Command]) -> bool:
    """Whether it stands in the text of `srun bash -c "..."`, where the recorded program does not start the shell."""
    start, source = command.site.span.start, command.site.source
    return any(
        other.argv[0].text not in ("bash", "sh") and other.site.source is source and other.site.span.start < start < other.site.span.end
        for other in before
        if any(word.text in ("bash", "sh") for word in other.argv[1:])
    )


def foreseen(root: Path, relative: str, arguments: tuple[str, ...]) -> tuple[Command, ...]:
    """The commands that lintune foresees."""
    source = Source(relative, _text(root / relative))
    return evaluate(parse_shell(source), arguments=arguments, environment={"HOME": HOME}, files=Folder(root), provided=frozenset()).commands


def judge(sandbox: Sandbox, root: Path, relative: str, arguments: tuple[str, ...], names: frozenset[str] | None) -> Verdict:
    """Runs one script both ways in a tree of its own."""
    tree = Path(tempfile.mkdtemp(prefix="tree-", dir=sandbox.root))
    try:
        for path in _scripts(root):
            target = tree / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, target) if path.is_relative_to(sandbox.root) else shutil.copyfile(path, target)
        if sandbox.confined and os.geteuid() == 0:
            for folder in (tree, *(path for path in tree.rglob("*") if path.is_dir())):
                os.chown(folder, 65534, 65534)
        commands = foreseen(tree, relative, arguments)
        try:
            calls, stopped = sandbox.run(tree, relative, arguments)
        except TimeoutError:
            return Verdict(relative, True, notes=["bash ran out of time: not compared"])
        return compare(relative, commands, calls, names, stopped)
    finally:
        shutil.rmtree(tree, ignore_errors=True)


def _scripts(root: Path) -> Iterator[Path]:
    return (path for path in sorted(root.rglob("*")) if path.suffix in (".sh", ".bash", ".slurm", ".sbatch") and path.is_file())


def main() -> int:
    """Prints a line for each script that disagrees, and the totals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("arguments", nargs="*", help="arguments that every script gets")
    parser.add_argument("--all-programs", action="store_true", help="judge every program, not only launchers")
    parser.add_argument("--verbose", action="store_true", help="also show notes of scripts that agree")
    options = parser.parse_args()
    sandbox = Sandbox()
    names = None if options.all_programs else LAUNCHERS
    arguments = tuple(options.arguments)
    base = sandbox.root / "base"
    try:
        for path in _scripts(options.folder):
            target = base / path.relative_to(options.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            target.chmod(0o644)
        with ThreadPoolExecutor(2) as pool:
            paths = [str(path.relative_to(base)) for path in _scripts(base)]
            verdicts = list(pool.map(lambda path: judge(sandbox, base, path, arguments, names), paths))
    finally:
        sandbox.close()
    for verdict in verdicts:
        if verdict.notes and (options.verbose or not verdict.agrees):
            print(f"{verdict.path}: {'agrees' if verdict.agrees else 'DISAGREES'}")
            for note in verdict.notes[:6]:
                print(f"    {note}")
    called = [verdict for verdict in verdicts if verdict.calls or not verdict.agrees]
    good = sum(verdict.agrees for verdict in called)
    calls, matched, known = (sum(getattr(verdict, name) for verdict in called) for name in ("calls", "matched", "known"))
    print(f"{len(verdicts)} scripts, {len(called)} with calls: {good} agree ({100 * good / max(len(called), 1):.1f} %)")
    shares = (100 * matched / max(calls, 1), 100 * known / max(calls, 1))
    print(f"{calls} calls: {matched} foreseen ({shares[0]:.1f} %), {known} wholly known ({shares[1]:.1f} %)")
    return 0 if good == len(called) else 1


if __name__ == "__main__":
    sys.exit(main())
