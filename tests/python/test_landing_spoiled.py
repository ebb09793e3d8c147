"""Spoiled files, one case each: what lands, what is unreadable and why, or why the file as a whole is left out."""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from landing_support import NOW, TABLES, the_file, write_exports

from shift.errors import ExportError
from shift.landing import land

HEADER = "Person ID,First Name,Note\n"
OPEN_QUOTE = "a quote opens that does not close properly"
AGAIN = "the header stands here again"
NOT_UTF8 = "some characters are not in the file's encoding, UTF-8"

Cells = tuple[str | None, str | None, str | None]


def cells(count: int) -> str:
    return f"{count} cell{'' if count == 1 else 's'}, where the header has 3"


@dataclass(frozen=True)
class Case:
    """A file, and what becomes of it. ``landed``: person_id, first_name, note; ``unreadable``: row, line, reason."""

    name: str
    content: bytes | str
    landed: tuple[Cells, ...] = ()
    unreadable: tuple[tuple[int, int, str], ...] = ()
    reason: str | None = None
    error: str | None = None
    encoding: str | None = "utf-8"
    blank_lines: int = 0
    notes: tuple[str, ...] = ()
    extra: dict[str, str] | None = None
    file: str = "People.csv"


def packed(name: str, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, content)
    return target.getvalue()


def locked(content: bytes) -> bytes:
    """A zip file whose one member says that it wants a password."""
    data = bytearray(packed("People.csv", content))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


A: Cells = ("1", "Ada", "x")
B: Cells = ("2", "Bo", "y")
GOOD = "1,Ada,x\n"
LAST = "2,Bo,y\n"

CASES = [
    # quotes
    Case("quote never closed", HEADER + GOOD + '3,"Cy,z\n' + LAST, (A, B), ((3, 3, OPEN_QUOTE),)),
    Case("quote closed by a later row", HEADER + '3,"Cy,z\n1,"Ada",x\n' + LAST, (A, B), ((2, 2, OPEN_QUOTE),)),
    Case("text after a closing quote", HEADER + '3,"Cy"z,\n' + LAST, (B,), ((2, 2, OPEN_QUOTE),)),
    Case("blank after a closing quote", HEADER + '3,"Cy" ,\n' + LAST, (B,), ((2, 2, OPEN_QUOTE),)),
    Case("blank before a quote", HEADER + '1, "Ada",x\n', (("1", ' "Ada"', "x"),)),
    Case("blank before a quote with a comma", HEADER + '1, "A,da",x\n' + LAST, (B,), ((2, 2, cells(4)),)),
    Case("lone quote in a bare cell", HEADER + '1,6" nail,x\n' + LAST, (("1", '6" nail', "x"), B)),
    Case("quotes not doubled", HEADER + '3,"the "big" one",x\n' + LAST, (B,), ((2, 2, OPEN_QUOTE),)),
    Case("backslash before a quote", HEADER + '3,"a\\"b",x\n' + LAST, (B,), ((2, 2, OPEN_QUOTE),)),
    Case("cell of one doubled quote", HEADER + '1,"""",x\n' + LAST, (("1", '"', "x"), B)),
    Case("last quote not closed", HEADER + GOOD + '3,Cy,"z', (A,), ((3, 3, OPEN_QUOTE),)),
    Case("a file of quotes", HEADER + '"' * 5, (), ((2, 2, OPEN_QUOTE),)),
    Case("two rows of open quotes", HEADER + '"a\n"b\n' + GOOD, (A,), ((2, 2, OPEN_QUOTE), (3, 3, OPEN_QUOTE))),
    Case("single quotes are letters", HEADER + "1,'A,da'\n", (("1", "'A", "da'"),)),
    Case("curly quotes are letters", HEADER + "1,“Ada”,x\n", (("1", "“Ada”", "x"),)),
    Case("line break within quotes", HEADER + '1,Ada,"x\ny"\n' + LAST, (("1", "Ada", "x\ny"), B)),
    Case("broken row after a long one", HEADER + '1,Ada,"x\n\ny"\n3\n', (("1", "Ada", "x\n\ny"),), ((3, 5, cells(1)),)),
    # counts of cells
    Case("too few cells", HEADER + GOOD + "3\n" + LAST, (A, B), ((3, 3, cells(1)),)),
    Case("too many cells", HEADER + "3,Cy,z,z\n" + LAST, (B,), ((2, 2, cells(4)),)),
    Case("one extra empty cell", HEADER + "1,Ada,x,\n" + LAST, (A, B)),
    Case("one extra cell of quotes", HEADER + '1,Ada,x,""\n' + LAST, (A, B)),
    Case("two extra empty cells", HEADER + "1,Ada,x,,\n" + LAST, (B,), ((2, 2, cells(5)),)),
    Case("only delimiters", HEADER + ",,\n" + LAST, ((None, None, None), B)),
    Case("row of another delimiter", HEADER + "3;Cy;z\n" + LAST, (B,), ((2, 2, cells(1)),)),
    Case(
        "line break outside quotes",
        HEADER + "3,Cy,first\nsecond\n" + LAST,
        (("3", "Cy", "first"), B),
        ((3, 3, cells(1)),),
    ),
    Case("truncated in a row", HEADER + GOOD + "2,B", (A,), ((3, 3, cells(2)),)),
    Case("truncated in the last cell", HEADER + GOOD + "2,Bo,", (A, ("2", "Bo", None))),
    Case("truncated in the header", "Person ID,First Na", ()),
    Case("all rows unreadable", HEADER + "1\n2\n", (), ((2, 2, cells(1)), (3, 3, cells(1)))),
    Case("a remark at the end", HEADER + GOOD + "Exported by Ada\n", (A,), ((3, 3, cells(1)),)),
    # headers
    Case("header only", HEADER),
    Case("header only, no end", HEADER.strip()),
    Case("header twice", HEADER + HEADER + GOOD, (A,), ((2, 2, AGAIN),)),
    Case("header again in the middle", HEADER + GOOD + HEADER + LAST, (A, B), ((3, 3, AGAIN),)),
    Case("blank lines before the header", "\n \n" + HEADER + GOOD, (A,)),
    Case("header on two lines", 'Person ID,"First\nName",Note\n' + GOOD + LAST, (A, B)),
    Case("header in quotes", '"Person ID","First Name","Note"\n' + GOOD, (A,)),
    Case(
        "header with a quote left open",
        'Person ID,"First Name,Note\n' + GOOD,
        reason="a quote in its header does not close",
    ),
    Case("two equal headers", "Person ID,Note,Note\n1,x,y\n", error="the column 'Note' stands in the header 2 times"),
    Case(
        "headers equal but for blanks", "Person ID, Note,Note\n1,x,y\n", error="the column 'Note' stands in the header"
    ),
    Case("required column gone", "First Name,Note\nAda,x\n", error="the required column 'Person ID' is missing"),
    Case("no header at all", "1,Ada,x\n2,Bo,y\n", error="the required column 'Person ID' is missing"),
    Case("a title above the header", "People of 2026\n" + HEADER, error="the required column 'Person ID' is missing"),
    *(
        Case(
            f"a quote that opens for another delimiter, {other}",
            f'Person ID|First Name|Note|Height{other}"in"|Sex\n1|Ada|x|9|f\n'.replace("|", mark),
            (A,),
            extra={f'Height{other}"in"': "9", "Sex": "f"},
        )
        for mark, other in ((",", ";"), (";", ","))
    ),
    Case("trailing delimiter throughout", "Person ID,First Name,Note,\n1,Ada,x,\n", (A,)),
    Case("index column of a data frame", ",Person ID,First Name,Note\n0,1,Ada,x\n", (A,), extra={"(column 1)": "0"}),
    Case(
        "SQL in a header",
        'Person ID,First Name,Note,"\'); drop table raw.people; --"\n1,Ada,x,y\n',
        (A,),
        extra={"'); drop table raw.people; --": "y"},
    ),
    Case(
        "reserved words as headers",
        "Person ID,First Name,Note,select,_row,_file\n1,Ada,x,a,b,c\n",
        (A,),
        extra={"select": "a", "_row": "b", "_file": "c"},
    ),
    Case("quotes in a header", 'Person ID,First Name,Note,"a ""b"" {c}"\n1,Ada,x,y\n', (A,), extra={'a "b" {c}': "y"}),
    Case("NUL in a header", "Person ID,First\0 Name,Note\n" + GOOD, (A,)),
    Case("header in another script", "Person ID,First Name,Note,氏名\n1,Ada,x,愛\n", (A,), extra={"氏名": "愛"}),
    Case(
        "5,000 columns",
        "Person ID,First Name,Note" + "".join(f",c{n}" for n in range(4997)) + "\n1,Ada,x" + ",y" * 4997 + "\n",
        (A,),
        extra={f"c{n}": "y" for n in range(4997)},
    ),
    # line ends and delimiters
    Case("CRLF", (HEADER + GOOD + LAST).replace("\n", "\r\n"), (A, B)),
    Case("lone CR", (HEADER + GOOD + LAST).replace("\n", "\r"), (A, B)),
    Case("LF and CRLF mixed", HEADER + "1,Ada,x\r\n" + LAST, (A, B)),
    Case("lone CR in a bare cell", HEADER + "1,Ada,x\ry\n" + LAST, (("1", "Ada", "x\ry"), B)),
    Case("CRLF within quotes in a file of LF", HEADER + '1,Ada,"x\r\ny"\n' + LAST, (("1", "Ada", "x\r\ny"), B)),
    Case("CR CR LF", HEADER + "1,Ada,x\r\r\n" + LAST, (("1", "Ada", "x\r"), B)),
    Case("no end of the last line", HEADER + GOOD + LAST.strip(), (A, B)),
    Case("blank lines", HEADER + "\n" + GOOD + "\n   \n" + LAST + "\n\n", (A, B), blank_lines=5),
    Case("semicolons", (HEADER + '1,Ada,"x;y"\n').replace(",", ";"), (("1", "Ada", "x;y"),)),
    Case("tabs", (HEADER + GOOD).replace(",", "\t"), (A,)),
    Case(
        "a line that names the separator",
        "sep=;\n" + (HEADER + GOOD).replace(",", ";"),
        (A,),
        notes=("its first line, sep=, was passed over",),
    ),
    Case(
        "a line that names the separator, in CRLF",
        ('"sep=,"\n' + HEADER + GOOD).replace("\n", "\r\n"),
        (A,),
        notes=("its first line, sep=, was passed over",),
    ),
    # encodings and control characters
    Case("byte-order mark", b"\xef\xbb\xbf" + (HEADER + GOOD).encode(), (A,), encoding="utf-8-sig"),
    Case(
        "UTF-16 of a spreadsheet",
        (HEADER + "1,Åda,漢\n").replace(",", "\t").encode("utf-16"),
        (("1", "Åda", "漢"),),
        encoding="utf-16-le",
    ),
    Case(
        "UTF-16, big end first, no mark",
        (HEADER + "1,Åda,x\n").encode("utf-16-be"),
        (("1", "Åda", "x"),),
        encoding="utf-16-be",
    ),
    Case(
        "UTF-16 that breaks off",
        (HEADER + GOOD).encode("utf-16")[:-1],
        reason="its text (utf-16-le) is damaged or breaks off",
        encoding="utf-16-le",
    ),
    Case("Windows-1252", (HEADER + "1,Zoë,5 €\n").encode("cp1252"), (("1", "Zoë", "5 €"),), encoding="windows-1252"),
    Case(
        "Windows-1252 with what could be UTF-8",
        (HEADER + "1,RENÉ’S," + "é " * 10 + "\n").encode("cp1252"),
        (("1", "RENÉ’S", "é " * 10),),
        encoding="windows-1252",
        notes=("read as Windows-1252, though 1 place could be UTF-8",),
    ),
    Case(
        "UTF-8 and Windows-1252 mixed",
        (HEADER + "1,Zoë,x\n").encode() + "3,Zoë,y\n".encode("cp1252") + LAST.encode(),
        (("1", "Zoë", "x"), B),
        ((3, 3, NOT_UTF8),),
        notes=("read as UTF-8, though 1 place cannot be",),
    ),
    Case(
        "a byte of no encoding",
        HEADER.encode() + b"3,Zo\x81,x\n" + LAST.encode(),
        (B,),
        ((2, 2, NOT_UTF8),),
        notes=("read as UTF-8, though 1 place cannot be",),
    ),
    Case(
        "UTF-8 cut within a letter",
        (HEADER + GOOD + "2,é,é,").encode()[:-2],
        (A,),
        ((3, 3, NOT_UTF8),),
        notes=("read as UTF-8, though 1 place cannot be",),
    ),
    Case("NUL in a cell", HEADER + "1,A\0da,x\n", (("1", "A\0da", "x"),)),
    Case("NULs at the end", HEADER + GOOD + "\0" * 600, (A,), ((3, 3, cells(1)),)),
    Case(
        "control characters",
        HEADER + "1,\x01\x1b[31m\x7f,\x0b\x0c\x1c\x85\u2028\n" + LAST,
        (("1", "\x01\x1b[31m\x7f", "\x0b\x0c\x1c\x85\u2028"), B),
    ),
    Case("end-of-file sign of DOS", HEADER + GOOD + "\x1a", (A,), ((3, 3, cells(1)),)),
    Case("every script", HEADER + "1,नेहा 👩🏽‍⚕️,שלום\n", (("1", "नेहा 👩🏽‍⚕️", "שלום"),)),
    # cells
    Case("10 MB cell", HEADER + f'1,Ada,"{"x" * 10_000_000}"\n' + LAST, (("1", "Ada", "x" * 10_000_000), B)),
    Case(
        "10 MB cell beside a bad row",
        HEADER + f"1,Ada,{'x' * 10_000_000}\n3\n" + LAST,
        (("1", "Ada", "x" * 10_000_000), B),
        ((3, 3, cells(1)),),
    ),
    Case("10 MB that is unreadable", HEADER + f'3,"{"x" * 10_000_000}\n' + LAST, (B,), ((2, 2, OPEN_QUOTE),)),
    Case(
        "SQL in a cell",
        HEADER + "1,Robert'); drop table raw.people;--,{{ x }}\n",
        (("1", "Robert'); drop table raw.people;--", "{{ x }}"),),
    ),
    Case(
        "words that mean nothing elsewhere",
        HEADER + "1,NULL,N/A\n2,nan,\\N\n",
        (("1", "NULL", "N/A"), ("2", "nan", "\\N")),
    ),
    Case("blanks around cells", HEADER + " 1 , Ada,\t\n", ((" 1 ", " Ada", "\t"),)),
    Case("formulas", HEADER + '="007",=1+1,@x\n', (("007", "=1+1", "@x"),)),
    Case(
        "shortened id",
        HEADER + "1.55835E+18,Ada,x\n",
        reason="it holds people, but a spreadsheet has shortened numbers in 'person_id' to the like of 1.55835E+18",
    ),
    # no CSV at all
    Case("empty file", "", reason="an empty file", encoding=None),
    Case("nothing but blanks", b"\xef\xbb\xbf \r\n\n", reason="an empty file", encoding=None),
    Case("nothing but NULs", b"\0" * 5000, reason="an empty file", encoding=None),
    Case(
        "login page",
        "\n<!DOCTYPE html>\n<html><body>Sign in",
        reason="a web page, perhaps a login page, not a CSV",
        encoding=None,
    ),
    Case("XML", "<?xml version='1.0'?><a/>", reason="an XML file, not a CSV", encoding=None),
    Case("JSON", '{"patients": []}', reason="a JSON file, not a CSV", encoding=None),
    Case("PDF", "%PDF-1.7\n", reason="a PDF, not a CSV", encoding=None),
    Case("picture", b"\x89PNG\r\n\x1a\n", reason="a picture, not a CSV", encoding=None),
    Case("workbook", packed("xl/workbook.xml", b"<x/>"), reason="an Excel workbook, not a CSV", encoding=None),
    Case(
        "old workbook",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100),
        reason="an old Excel workbook or another Office document, not a CSV",
        encoding=None,
    ),
    Case(
        "tabs, of no export", "Weather\tMood\nfine\tgood\n", reason="neither its headers (Weather, Mood)", file="x.csv"
    ),
    Case("a program", b"\x7fELF\x02\x01\x01" + bytes(200), reason="no text, and so no CSV", file="x.csv"),
    Case("random bytes", bytes(range(128, 256)) * 10, reason="neither its headers", encoding="utf-8", file="x.csv"),
    Case(
        "a letter to the reader",
        "Dear Sir,\nhere are the files.\n",
        reason="neither its headers (Dear Sir, (column 2)) nor its name are those of a known export",
        file="read me.txt",
    ),
    Case(
        "headers that fit two kinds",
        "Person ID\n1\n",
        reason="its headers (Person ID) fit several kinds alike, and its name none of them: people, visits",
        file="x.csv",
    ),
    # packed
    Case("gzip", gzip.compress((HEADER + GOOD).encode()), (A,), file="People.csv.gz"),
    Case(
        "gzip that breaks off",
        gzip.compress((HEADER + GOOD).encode())[:-9],
        reason="a gzip file that is damaged or breaks off",
        encoding=None,
    ),
    Case(
        "zip that breaks off",
        packed("People.csv", b"x" * 99)[:-30],
        reason="a zip file that is damaged or breaks off",
        encoding=None,
    ),
    Case("zip of nothing", b"PK\x05\x06" + bytes(18), reason="an empty zip file", encoding=None),
    Case(
        "zip within gzip",
        gzip.compress(packed("People.csv", b"x")),
        reason="an archive within an archive: unpack it first",
        encoding=None,
    ),
]
IN_ZIP = [
    Case(
        "zip that is damaged",
        packed("People.csv", b"Person ID,Note\n1,x\n").replace(b"\n1,x", b"\n2,x"),
        reason="a zipped file that is damaged, or packed in a way unknown here",
        encoding=None,
    ),
    Case(
        "zip with a password",
        locked(b"Person ID,Note\n"),
        reason="locked with a password: unpack it first",
        encoding=None,
    ),
]


def test_there_are_enough_cases() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_spoiled_file(connection: duckdb.DuckDBPyConnection, tmp_path: Path, case: Case) -> None:
    exports = write_exports(tmp_path, {case.file: case.content, "Visits.csv": "PersonID(s),Kind\n1,x\n"})
    if case.error is not None:
        with pytest.raises(ExportError, match=case.error.replace("(", r"\(")) as raised:
            land(connection, TABLES, exports, landed_at=NOW)
        assert raised.value.where == f"{tmp_path.name}/{case.file}"
        return
    file = the_file(land(connection, TABLES, exports, landed_at=NOW), case.file)
    landed = connection.execute("select person_id, first_name, note from raw.people order by _row").fetchall()
    unreadable = connection.execute("select row, line, reason from raw._unreadable order by row").fetchall()
    assert tuple(landed) == case.landed
    assert tuple(unreadable) == case.unreadable
    assert file.encoding == case.encoding
    assert file.notes == case.notes
    counts = (len(case.landed) + len(case.unreadable), len(case.landed), len(case.unreadable), case.blank_lines)
    assert (file.rows, file.landed, file.unreadable, file.blank_lines) == counts
    if case.reason is None:
        assert file.reason is None
    else:
        assert file.reason is not None
        assert file.reason.startswith(case.reason)
    if case.extra is not None:
        assert connection.execute("select _extra from raw.people").fetchall() == [(case.extra,)]


@pytest.mark.parametrize("case", IN_ZIP, ids=lambda case: case.name)
def test_a_spoiled_file_in_a_zip(connection: duckdb.DuckDBPyConnection, tmp_path: Path, case: Case) -> None:
    exports = write_exports(tmp_path, {"all.zip": case.content, "Visits.csv": "PersonID(s),Kind\n1,x\n"})
    file = the_file(land(connection, TABLES, exports, landed_at=NOW), "all.zip/People.csv")
    assert (file.kind, file.reason, file.encoding) == (None, case.reason, case.encoding)


def test_unreadable_text_is_kept_whole(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    body = b'1,"two\nlines",x,y\r\n2,"open\n3,Zo\xeb,\xc3\xa9\n\x00\n'
    exports = write_exports(tmp_path, {"People.csv": HEADER.encode() + body})
    land(connection, TABLES, exports, landed_at=NOW)
    assert connection.execute("select row, line, text from raw._unreadable order by row").fetchall() == [
        (2, 2, '1,"two\nlines",x,y'),
        (3, 4, '2,"open'),
        (4, 5, "3,Zo\\xeb,é"),
        (5, 6, "\0"),
    ]
