"""Commands as bash reads them: lists, pipelines, compound commands, simple commands, redirections, heredocs."""

import re

from lintune.source.text import Span
from lintune.syntax.shell.nodes import (
    ArithmeticCommand,
    Case,
    Clause,
    CommandNode,
    For,
    ForArithmetic,
    Function,
    Group,
    If,
    Literal,
    Part,
    Pipeline,
    ShellWord,
    Simple,
    Statement,
    Test,
    While,
)
from lintune.syntax.shell.simples import RESERVED, SimpleReader

_FUNCTION = re.compile(r"([^\s\\'\"$`|&;()<>#\0=]+)[ \t]*\([ \t]*\)")
_CLOSERS = frozenset(("then", "elif", "else", "fi", "do", "done", "esac", "}"))
_EMPTY_PARENTHESES = re.compile(r"\([ \t]*\)")


class CommandReader(SimpleReader):
    """Reads commands; every method leaves `pos` behind what it read."""

    def script(self) -> tuple[Statement, ...]:
        """The whole text; what has no place is said and skipped."""
        self.pending, self.comments, self.simples = [], [], []
        body: list[Statement] = []
        while self.pos < self.end:
            body.extend(self.statements(frozenset(), ""))
            if self.pos >= self.end:
                break
            start = self.pos
            word = RESERVED.match(self.text, start, self.end)
            self.pos = word.end() if word else start + (2 if self.text.startswith((";;", "&&", "||"), start) else 1)
            self.unexpected(start, self.pos)
        return tuple(body)

    def substitution_body(self, closer: str) -> tuple[Statement, ...]:
        """Commands up to `closer`, or `end` if it is empty."""
        body: list[Statement] = []
        while True:
            body.extend(self.statements(frozenset(), closer))
            if self.pos >= self.end or (closer and self.text[self.pos] == closer):
                return tuple(body)
            start = self.pos
            self.pos += 1
            self.unexpected(start, self.pos)

    def expect(self, word: str, opened: int) -> None:
        """Reads a reserved word that must come."""
        self.newlines()
        if self.reserved() == word:
            self.pos += len(word)
            return
        name = self.text[opened : opened + 12].split()[0] if self.text[opened : opened + 12].split() else ""
        self.problem("shell-syntax", f"`{name}` has no `{word}`", opened, opened + max(len(name), 1))

    def statements(self, stops: frozenset[str], closer: str) -> list[Statement]:
        """Statements up to one of the reserved words, the closing character, or something with no place."""
        found: list[Statement] = []
        while True:
            self.newlines()
            if self.pos >= self.end or (closer and self.text[self.pos] == closer) or self.text.startswith((";;", ";&"), self.pos):
                return found
            word = self.reserved()
            if word and (word in stops or word in _CLOSERS):
                return found
            before = self.pos
            if self.text[before] in "&|);":
                return found
            statement = self._statement()
            if self.pos == before:
                return found
            found.append(statement)

    def _statement(self) -> Statement:
        start = self.pos
        first, rest = self._pipeline(), list[tuple[str, Pipeline]]()
        while True:
            self.blanks()
            operator = self.text[self.pos : self.pos + 2]
            if operator not in ("&&", "||") or self.pos >= self.end:
                break
            self.pos += 2
            self.newlines()
            before = self.pos
            rest.append((operator, self._pipeline()))
            if self.pos == before:
                self.unexpected(before - 1, min(before + 1, self.end))
                break
        statement = Statement(Span(start, self.pos), first, tuple(rest))
        self.blanks()
        if self.pos < self.end:
            char = self.text[self.pos]
            if char == "&":
                statement.background = True
                self.pos += 1
            elif char == ";" and not self.text.startswith((";;", ";&"), self.pos):
                self.pos += 1
        return statement

    def _pipeline(self) -> Pipeline:
        negated = False
        while (word := self.reserved()) in ("!", "time"):
            negated ^= word == "!"
            self.pos += len(word)
            self.blanks()
            if word == "time" and self.text.startswith("-p ", self.pos):
                self.pos += 3
                self.blanks()
        commands = [self._command_node()]
        while True:
            self.blanks()
            if self.pos >= self.end or self.text[self.pos] != "|" or self.text.startswith("||", self.pos):
                return Pipeline(tuple(commands), negated)
            self.pos += 2 if self.text.startswith("|&", self.pos) else 1
            self.newlines()
            before = self.pos
            commands.append(self._command_node())
            if self.pos == before:
                self.unexpected(before - 1, before)

    def _command_node(self) -> CommandNode:
        start = self.pos
        self.enter()
        node = self._compound(start)
        if node is not None and not isinstance(node, (Simple, Function)):
            node.redirects = self.redirects()
        self.depth -= 1
        return node or self.simple()

    def _compound(self, start: int) -> CommandNode | None:
        if self.text.startswith("(", start):
            if self.text.startswith("((", start) and (close := self.arithmetic_end(start + 2)) >= 0:
                expression = self.quoted_region(start + 2, close)
                self.pos = close + 2
                return ArithmeticCommand(Span(start, self.pos), expression)
            return self._group(start, ")")
        word = self.reserved()
        self.pos += len(word)
        match word:
            case "if":
                return self._if(start)
            case "for" | "select":
                return self._for(start)
            case "while" | "until":
                return self._while(start, word)
            case "case":
                return self._case(start)
            case "function":
                return self._function(start)
            case "[[":
                return self._test(start)
            case "{":
                return self._group(start, "}")
        self.pos = start
        if found := _FUNCTION.match(self.text, start, self.end):
            self.pos = found.end()
            return self._function_body(start, found.group(1))
        return None

    def _group(self, start: int, closer: str) -> Group:
        self.pos = start + 1
        if closer == ")":
            body = self.substitution_body(")")
            if self.pos >= self.end:
                self.problem("shell-syntax", "`(` is never closed", start, start + 1)
            self.pos = min(self.pos + 1, self.end)
        else:
            body = tuple(self.statements(frozenset("}"), ""))
            self.expect("}", start)
        return Group(Span(start, self.pos), body, closer == ")")

    def _if(self, start: int) -> If:
        branches = []
        otherwise: tuple[Statement, ...] = ()
        inner = frozenset(("elif", "else", "fi"))
        while True:
            condition = tuple(self.statements(frozenset(("then",)), ""))
            self.expect("then", start)
            branches.append((condition, tuple(self.statements(inner, ""))))
            word = self.reserved()
            if word not in ("elif", "else"):
                break
            self.pos += 4
            if word == "else":
                otherwise = tuple(self.statements(frozenset(("fi",)), ""))
                break
        self.expect("fi", start)
        return If(Span(start, self.pos), tuple(branches), otherwise)

    def _loop_body(self, start: int) -> tuple[Statement, ...]:
        self.newlines()
        if self.text.startswith(";", self.pos):
            self.pos += 1
            self.newlines()
        if self.reserved() == "{":
            self.pos += 1
            body = tuple(self.statements(frozenset("}"), ""))
            self.expect("}", start)
            return body
        self.expect("do", start)
        body = tuple(self.statements(frozenset(("done",)), ""))
        self.expect("done", start)
        return body

    def _for(self, start: int) -> CommandNode:
        self.blanks()
        if self.text.startswith("((", self.pos) and (close := self.arithmetic_end(self.pos + 2, "'`")) >= 0:
            begin, pieces = self.pos + 2, list[ShellWord]()
            for clause in self.text[begin:close].split(";")[:3]:
                pieces.append(self.quoted_region(begin, begin + len(clause)))
                begin += len(clause) + 1
            self.pos = close + 2
            while len(pieces) < 3:
                pieces.append(ShellWord(Span(close, close), ()))
            body = self._loop_body(start)
            return ForArithmetic(Span(start, self.pos), pieces[0], pieces[1], pieces[2], body)
        name = self.word().literal() or ""
        self.newlines()
        words: list[ShellWord] | None = None
        if self.text.startswith("in", self.pos) and self.text[self.pos + 2 : self.pos + 3] in (" ", "\t", "\n", ";", "\\", ""):
            self.pos += 2
            words = []
            while word := self.next_word():
                words.append(word)
        body = self._loop_body(start)
        return For(Span(start, self.pos), name, None if words is None else tuple(words), body)

    def _while(self, start: int, keyword: str) -> While:
        condition = tuple(self.statements(frozenset(("do",)), ""))
        body = self._loop_body(start)
        return While(Span(start, self.pos), condition, body, keyword == "until")

    def _case(self, start: int) -> Case:
        subject = self.next_word() or ShellWord(Span(self.pos, self.pos), ())
        self.newlines()
        if self.text.startswith("in", self.pos):
            self.pos += 2
        else:
            self.problem("shell-syntax", "`case` has no `in`", start, start + 4)
        clauses: list[Clause] = []
        while True:
            self.newlines()
            if self.pos >= self.end or self.reserved() == "esac":
                break
            before = self.pos
            clauses.append(self._clause())
            if self.pos == before:
                break
        self.expect("esac", start)
        return Case(Span(start, self.pos), subject, tuple(clauses))

    def _clause(self) -> Clause:
        if self.text.startswith("(", self.pos):
            self.pos += 1
        patterns = []
        while word := self.next_word():
            patterns.append(word)
            self.blanks()
            if not self.text.startswith("|", self.pos):
                break
            self.pos += 1
        self.blanks()
        if self.text.startswith(")", self.pos):
            self.pos += 1
        elif self.pos < self.end:
            self.unexpected(self.pos, self.pos + 1)
            self.pos += 1
        body = tuple(self.statements(frozenset(("esac",)), ""))
        terminator = next((mark for mark in (";;&", ";;", ";&") if self.text.startswith(mark, self.pos)), "")
        self.pos += len(terminator)
        return Clause(tuple(patterns), body, terminator)

    def _function(self, start: int) -> Function:
        word = self.next_word()
        self.blanks()
        if found := _EMPTY_PARENTHESES.match(self.text, self.pos, self.end):
            self.pos = found.end()
        return self._function_body(start, (word.literal() if word else "") or "")

    def _function_body(self, start: int, name: str) -> Function:
        self.newlines()
        body = self._command_node()
        return Function(Span(start, self.pos), name, body)

    def _test(self, start: int) -> Test:
        words: list[ShellWord] = []
        while self.pos < self.end:
            self.newlines()
            if self.reserved() == "" and self.text.startswith("]]", self.pos):
                self.pos += 2
                return Test(Span(start, self.pos), tuple(words))
            begin = self.pos
            previous = words[-1].literal() if words else None
            word = self._regex() if previous == "=~" else self.word()
            if self.pos == begin:
                mark = next((m for m in ("&&", "||") if self.text.startswith(m, begin)), self.text[begin : begin + 1])
                if mark in ("", ";", "&", "|"):
                    break
                self.pos += len(mark)
                word = ShellWord(Span(begin, self.pos), (Literal(Span(begin, self.pos), mark),))
            words.append(word)
        self.problem("shell-syntax", "`[[` is never closed", start, start + 2)
        return Test(Span(start, self.pos), tuple(words))

    def _regex(self) -> ShellWord:
        """The right side of `=~`: parentheses, `|` and `<` belong to it."""
        start, parts, level = self.pos, list[Part](), 0
        while self.pos < self.end:
            begin = self.pos
            parts.extend(self.parts_until("", False))
            char = self.text[self.pos : self.pos + 1]
            if char and (char in "()|<>" or (level and char in " \t&;")) and not (char == ")" and not level):
                level += (char == "(") - (char == ")")
                self.pos += 1
                parts.append(Literal(Span(self.pos - 1, self.pos), char))
            if self.pos == begin:
                break
        return ShellWord(Span(start, self.pos), tuple(parts))
