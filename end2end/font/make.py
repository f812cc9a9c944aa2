"""Makes public/fonts/question.woff2: Nanum Myeongjo Bold, cut down to the characters the questions and people's names use.

    python3 -m venv target/tools/font-venv
    target/tools/font-venv/bin/pip install fonttools==4.68.0 brotli==1.2.1
    target/tools/font-venv/bin/python end2end/font/make.py

Debian's fonts-nanum supplies the original. Its licence (SIL OFL 1.1) reserves the names that begin with "Nanum", so the subset is
called "Umbba Myeongjo". The same catalogue gives the same bytes. check.mjs fails when a question has outgrown the font
or a syllable of NAMES is not in it.
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

# Headings name people, and nobody's name is in the catalogue: without these syllables one letter of a name stands in another
# serif. First the hundred most common family names, some rarer ones and those of two syllables; then, generously and by their
# first consonant, the syllables of given names from 1940 to 2010, of 말순 and 춘자 as of 하율 and 다솜; last what a heading
# puts after a name. check.mjs reads this list too and fails when the font lacks a syllable of it.
NAMES = """
김 이 박 최 정 강 조 윤 장 임 한 오 서 신 권 황 안 송 전 홍 유 고 문 양 손 배 백 허 남 심 노 하 곽 성 차 주 우 구 라 민
진 지 엄 채 원 천 방 공 현 함 변 염 여 추 도 소 석 선 설 마 길 연 위 표 명 기 반 왕 금 옥 육 인 맹 제 모 탁 국 어 은 편
용 예 경 봉 사 부 가 복 태 목 형 피 두 감 음 빈 동 온 호 범 좌 팽 승 간 상 시 갈 류 나 림 리 로 량 단 견 당 화 창 옹 순
남궁 황보 제갈 선우 독고 사공 서문 동방

가 각 간 감 갑 강 거 건 걸 검 겨 격 견 결 겸 경 계 고 곤 공 관 광 교 구 국 군 궁 권 귀 규 균 극 근 금 급 긍 기 길 꽃 끝
나 낙 난 남 내 녀 년 념 노 누 눈 뉘 늘 능
다 단 달 담 대 더 덕 도 돈 돌 동 두 둘 득 든 들 등 디 또
라 락 란 람 랑 래 량 레 려 력 련 렬 령 례 로 록 론 롬 롱 뢰 룡 루 류 륜 률 르 름 릉 리 린 림 립
마 막 만 말 맑 망 매 맹 면 명 모 목 몽 묘 무 묵 문 미 민
바 박 반 발 밝 방 배 백 버 범 벼 벽 별 병 보 복 봄 봉 부 분 붕 비 빈 빛
사 산 삼 상 새 샘 샛 생 서 석 선 설 섬 섭 성 세 셉 소 솔 솜 송 쇠 수 숙 순 술 숭 스 슬 습 승 시 식 신 실 심 쌍
아 안 알 앙 애 앵 야 양 억 언 엄 업 에 엘 여 연 열 염 엽 영 예 오 옥 온 올 완 왕 요
용 우 욱 운 울 웅 원 월 위 윗 유 육 윤 율 융 으 은 을 음 응 의 이 익 인 일 임 잎
자 작 잔 잠 장 재 적 전 절 점 정 제 조 존 종 좌 주 죽 준 중 증 지 직 진 질 집 징
차 찬 참 창 채 척 천 철 첨 청 초 총 최 추 축 춘 출 충 취 치 칠
쾌 큰
타 탁 탄 태 택 테 토 통 특
파 판 팔 평 포 표 푸 품 풍 필
하 학 한 함 항 해 행 향 허 헌 혁 현 협 형 혜 호 홍 화 확 환 활 황 회 효 후 훈 훤 휘 휴 흔 흠 흥 희 힘

와 과 의 은 는 이 가 을 를 아 야 님 씨
"""


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
    """The catalogue, people's names and, because headlines wear the same face, whatever src/text says (read as plain source)."""
    catalogue = sorted((ROOT / "src/server/catalogue").glob("*.toml"))
    found = set(ALWAYS + NAMES)
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
