"""Templates fill in fields and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pkgindex.cli import templates
from pkgindex.errors import BadInput

RECORD = {"package": "curl", "score": 1.5, "names": ["a", "b"], "path": "/x\ny"}


def filled(template: str) -> str:
    return templates.parse(template).filled(RECORD, lambda text: text.replace("\n", "\\n"))


@pytest.mark.parametrize(("template", "line"), [
    ("{package}", "curl"),
    ("{ package }", "curl"),
    ("{package:<6}|", "curl  |"),
    ("{package:6}|", "curl  |"),
    ("{package:>6}|", "  curl|"),
    ("{package:^6}|", " curl |"),
    ("{package:2}", "curl"),
    ("{score} {names}", "1.5 a, b"),
    ("{{{package}}}", "{curl}"),
    (r"a\tb\nc\\n\x", "a\tb\nc\\n\\x"),
    ("{path}", "/x\\ny"),
    ("no field", "no field"),
    ("\\", "\\"),
    ("", ""),
])
def test_a_template_makes_a_line(template: str, line: str) -> None:
    assert filled(template) == line


@pytest.mark.parametrize(("template", "said"), [
    ("{", "character 1"),
    ("ab}", "character 3"),
    ("{}", "name of a field"),
    ("{ }", "name of a field"),
    ("{package:x}", "width"),
    ("{package:1000}", "width"),
    ("{package:99999999999999999999}", "width"),
    ("{package:>0000000000999999}", "width"),
    ("{package:>}}", "character 12"),
    ("{package:²}", "width"),
    ("{package!r}", "'package!r'"),
    ("{package.__class__}", "'package.__class__'"),
    ("{package[0]}", "'package[0]'"),
    ("{0}", "'0'"),
    ("{pakcage}", "there are package, score, names, path"),
])
def test_what_is_no_template_is_told(template: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        filled(template)
    assert said in str(caught.value)


@given(st.text(alphabet=st.sampled_from("{}:<>^9 \\ntpackage!._"), max_size=20))
def test_any_text_is_a_template_or_told(template: str) -> None:
    try:
        assert isinstance(filled(template), str)
    except BadInput as error:
        assert "\n" not in str(error)


@given(st.text())
def test_a_text_can_be_written_as_a_template(text: str) -> None:
    written = text.replace("\\", "\\\\").replace("{", "{{").replace("}", "}}")
    assert templates.parse(written).filled({}, str) == text
