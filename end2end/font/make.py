"""Makes public/fonts/question.woff2: Nanum Myeongjo Bold, cut down to the characters the questions use.

    python3 -m venv target/tools/font-venv
    target/tools/font-venv/bin/pip install fonttools==4.68.0 brotli==1.2.1
    target/tools/font-venv/bin/python end2end/font/make.py

Debian's fonts-nanum supplies the original. Its licence (SIL OFL 1.1) reserves the names that begin with "Nanum", so the subset is
called "Umbba Myeongjo". The same catalogue gives the same bytes. check.mjs fails when a question has outgrown the font.
"""

import io
import tomllib
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[2]
ORIGINAL = Path("/usr/share/fonts/truetype/nanum/NanumMyeongjoBold.ttf")
LICENCE = Path("/usr/share/doc/fonts-nanum/copyright")
FONTS = ROOT / "public" / "fonts"
FAMILY = "Umbba Myeongjo"
LIMIT = 150_000

# What stands in the serif beside the catalogue: the brand, headlines' relation words and particles, punctuation.
ALWAYS = (
    "".join(map(chr, range(0x20, 0x7F)))
    + "엄빠도 어렸다 엄마 아빠 할머니 할아버지 딸 아들 이모 고모 삼촌 이가은는을를와과랑아야의에게도"
    + "·…—–‘’“”「」『』、。~"
    + "나너우리님께서으로부터까지만요죠해돼됐했었였겠입니습까세 첫두세네다섯여섯일곱여덟아홉열번째 영일이삼사오육칠팔구십백천"
)


def words(value):
    """Every string in a catalogue file: wordings and topics alike, and whatever else it comes to hold."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from words(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from words(inner)


def characters():
    """The catalogue and, because headlines wear the same face, whatever src/text says (read as plain source)."""
    catalogue = sorted((ROOT / "src/server/catalogue").glob("*.toml"))
    found = set(ALWAYS)
    for path in catalogue:
        for text in words(tomllib.loads(path.read_text("utf-8"))):
            found.update(text)
    for path in sorted((ROOT / "src/text").rglob("*.rs")):
        found.update(path.read_text("utf-8"))
    print(f"{len(catalogue)} catalogue files, {len(found)} characters")
    return {character for character in found if character.isprintable()}


def rename(font):
    """A modified version may not carry the reserved name (OFL 1.1, clause 3); copyright and licence stay."""
    names = font["name"]
    kept = {record.nameID: record.toUnicode() for record in names.names if record.nameID in (0, 13, 14) and record.langID == 0x409}
    names.names = []
    kept.setdefault(0, "Copyright (c) 2010, NAVER Corporation (http://www.nhncorp.com)")
    kept.setdefault(13, "This Font Software is licensed under the SIL Open Font License, Version 1.1.")
    kept.setdefault(14, "https://openfontlicense.org")
    kept |= {1: FAMILY, 2: "Bold", 3: f"{FAMILY} Bold", 4: f"{FAMILY} Bold", 6: "UmbbaMyeongjo-Bold"}
    for name_id, text in sorted(kept.items()):
        names.setName(text, name_id, 3, 1, 0x409)


def main():
    wanted = characters()
    font = TTFont(ORIGINAL, recalcTimestamp=False)
    options = subset.Options(hinting=False, notdef_outline=True, name_IDs=["*"], layout_features=["kern"])
    options.drop_tables += ["FFTM"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=map(ord, wanted))
    cutter.subset(font)
    rename(font)

    missing = sorted(wanted - {chr(code) for code in font.getBestCmap()})
    if missing:
        print("not in the original, falls back to the next serif:", " ".join(missing))

    font.flavor = "woff2"
    out = io.BytesIO()
    font.save(out, reorderTables=True)
    FONTS.mkdir(parents=True, exist_ok=True)
    (FONTS / "question.woff2").write_bytes(out.getvalue())
    licence()

    print(f"public/fonts/question.woff2: {len(out.getvalue())} bytes, {len(font.getBestCmap())} characters")
    if len(out.getvalue()) > LIMIT:
        raise SystemExit(f"larger than {LIMIT} bytes")


def licence():
    """The licence must travel with the font (OFL 1.1, clause 2): the paragraph Debian ships, unfolded."""
    lines = LICENCE.read_text("utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("License: OFL-1.1")) + 1
    text = []
    for line in lines[start:]:
        if line and not line.startswith(" "):
            break
        text.append("" if line.strip() == "." else line.removeprefix(" "))
    while text and not text[-1].strip():
        text.pop()
    head = f'"{FAMILY}" is a Modified Version of NanumMyeongjo Bold, reduced to the characters this app uses\nand renamed because the original name is reserved.\n\n'
    (FONTS / "OFL.txt").write_text(head + "\n".join(text) + "\n", "utf-8")


if __name__ == "__main__":
    main()
