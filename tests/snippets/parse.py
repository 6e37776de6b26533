"""Parses the Swift, Kotlin, XML and JSON of a page in Markdown: `parse.py PAGE`. Prints how many there are of each."""

import json
import re
import sys
from pathlib import Path
from xml.parsers import expat

import tree_sitter_kotlin
import tree_sitter_swift
from tree_sitter import Language, Parser

FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def by_grammar(grammar, source):
    nodes = [Parser(Language(grammar.language())).parse(source.encode()).root_node]
    for node in nodes:
        if node.is_error or node.is_missing:
            raise SyntaxError(f"line {node.start_point.row + 1} of the snippet: {node}")
        nodes += node.children


PARSERS = {
    "swift": lambda source: by_grammar(tree_sitter_swift, source),
    "kotlin": lambda source: by_grammar(tree_sitter_kotlin, source),
    "xml": lambda source: expat.ParserCreate().Parse(source, True),
    "json": json.loads,
}


def main(page):
    found = dict.fromkeys(PARSERS, 0)
    for _, language, source in FENCE.findall(Path(page).read_text()):
        if language in PARSERS:
            PARSERS[language](source)
            found[language] += 1
    for language, count in found.items():
        print(language, count)


main(sys.argv[1])
