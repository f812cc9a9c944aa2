//! The texts of the two pages that people agree to: terms and privacy. `services::accounts` holds their version,
//! `2026-11-22`. Also the README of the copy that a person keeps.

use crate::domain::Locale;

/// `README.txt` of the copy that a person keeps.
pub const KEEPSAKE_README: &str = "\
엄빠도 어렸다: 간직하는 이야기

index.html을 열면 모든 카드를 읽을 수 있어요. 인터넷이 없어도 돼요.
먼저 zip 파일의 압축을 풀어 주세요. 그래야 찾기와 모양이 제대로 나와요.
종이로 간직하려면 index.html을 열고 인쇄하세요.

index.html       사람이 읽는 이야기
archive.json     다른 프로그램이 읽는 같은 이야기
schema.json      archive.json의 설명
data/, *.js, *.css   index.html이 쓰는 파일

이 파일은 누구나 열 수 있어요. 나만 보는 곳에 두세요.


엄빠도 어렸다: stories to keep

Open index.html to read every card, also without internet.
Unpack the zip first, so that search and looks work.
To keep it on paper, open index.html and print it.

index.html       the stories, for people
archive.json     the same stories, for other programs
schema.json      what archive.json means (JSON Schema)
data/, *.js, *.css   files that index.html uses

Anybody can open these files. Keep them where only you look.
";

/// A heading and its paragraphs.
pub type Passage = (&'static str, &'static [&'static str]);

pub fn terms(locale: Locale) -> &'static [Passage] {
    match locale {
        Locale::Ko => &[
            (
                "무엇을 하는 곳인가요",
                &["부모와 자녀가 짝을 맺고, 매일 하나의 질문에 함께 답하는 곳이에요.", "만 14세부터 쓸 수 있어요."],
            ),
            (
                "서로 지켜 주세요",
                &[
                    "두 사람이 나눈 이야기는 두 사람의 것이에요. 상대의 이야기를 다른 곳에 옮길 때는 먼저 물어봐 주세요.",
                    "상대를 괴롭히려고 쓰지 말아 주세요.",
                ],
            ),
            (
                "우리가 약속해요",
                &[
                    "내가 답하기 전에는 상대의 답을 보여 주지 않아요.",
                    "답은 저장한 다음에야 ‘간직했어요’\u{2060}라고 말해요.",
                    "짝을 마쳐도 함께 연 카드와 내 답은 계속 볼 수 있어요.",
                ],
            ),
            (
                "우리가 약속할 수 없는 것",
                &[
                    "복구 코드와 들어와 있는 기기를 모두 잃으면 계정을 되찾아 드릴 수 없어요. 이메일도 비밀번호도 받지 않기 때문이에요.",
                ],
            ),
        ],
        Locale::En => &[
            (
                "What this is",
                &[
                    "A parent and a child become a pair and answer one question together every day.",
                    "You may use it from the age of 14.",
                ],
            ),
            (
                "Be good to each other",
                &[
                    "What the two of you share belongs to the two of you. Ask before you carry the other's story \
                     elsewhere.",
                    "Do not use this to hurt anybody.",
                ],
            ),
            (
                "What we promise",
                &[
                    "Nobody sees the other's answer before giving their own.",
                    "We say an answer is kept only once it is stored.",
                    "When a pair is closed you keep the opened cards and your own answers.",
                ],
            ),
            (
                "What we cannot promise",
                &["If you lose your recovery code and every signed-in device, we cannot give the account back: we \
                     know no e-mail address and no password."],
            ),
        ],
    }
}

pub fn privacy(locale: Locale) -> &'static [Passage] {
    match locale {
        Locale::Ko => &[
            (
                "우리가 아는 것",
                &[
                    "이름(별명도 괜찮아요), 관계, 질문 시간과 시간대, 내가 쓴 답, 들어온 기기의 종류와 마지막으로 쓴 때예요.",
                    "이메일, 전화번호, 비밀번호는 받지 않아요. 패스키를 만들면 이름과 확인용 열쇠만 받고, 지문과 얼굴은 기기를 떠나지 않아요.",
                    "다른 계정으로 들어오면 그 회사는 언제 들어왔는지 알게 돼요. 우리는 그 계정의 번호만 받아요.",
                ],
            ),
            (
                "누가 볼 수 있나요",
                &[
                    "내 답은 짝이 답한 다음 짝에게만 보여요. 고치기 전의 글은 나만 볼 수 있어요.",
                    "이 서버를 돌보는 사람은 저장된 내용에 닿을 수 있어요. 믿을 수 있는 사람이 돌보는 곳에서 써 주세요.",
                ],
            ),
            (
                "알림을 켜면",
                &[
                    "알림은 브라우저 회사(구글, 애플, 모질라, 마이크로소프트)의 전달 서버를 거쳐요. 내용은 이 기기만 풀 수 있게 잠가서 보내고, 답은 넣지 않아요.",
                    "알림을 받는 기기의 주소와 보낸 시각, 보여 준 시각을 30일 동안 두어요. 설정에서 언제든 끌 수 있어요.",
                ],
            ),
            (
                "어디에도 팔지 않아요",
                &[
                    "광고도, 다른 회사의 추적 도구도, 바깥에서 불러오는 글꼴이나 스크립트도 없어요.",
                    "기록(로그)에는 답, 이름, 코드, 쿠키를 남기지 않아요.",
                ],
            ),
            (
                "얼마나 오래 두나요",
                &[
                    "답과 카드는 지울 때까지 두어요. 열린 카드에서 지운 답과 지운 계정은 7일 뒤에 모두 사라져요.",
                    "지운 것도 서버의 백업에는 {days}일까지 더 남아 있다가 사라져요.",
                    "400일 동안 쓰지 않은 기기는 저절로 나가게 돼요.",
                    "쿠키는 들어온 것을 기억하고 코드를 함부로 맞혀 보지 못하게 하는 데에만 써요.",
                ],
            ),
        ],
        Locale::En => &[
            (
                "What we know",
                &[
                    "A name (a nickname is fine), your relation, question time and zone, what you answer, and the \
                     kind and last use of your signed-in devices.",
                    "No e-mail, no phone number, no password. Of a passkey we keep its name and the key that checks \
                     it; your finger and face never leave the device.",
                    "If you sign in with another account, its provider learns when you do, and we learn nothing but \
                     its number for you.",
                ],
            ),
            (
                "Who can see it",
                &[
                    "Your answer is shown to the other, and only after they have answered. Earlier revisions are seen \
                     by you alone.",
                    "Whoever runs this server can reach what is stored. Use it where you trust that person.",
                ],
            ),
            (
                "If you turn notifications on",
                &[
                    "They pass through the browser maker's delivery service (Google, Apple, Mozilla, Microsoft), \
                     locked so that only this device can read them, and without any answer.",
                    "We keep the device's push address, and for 30 days when something was sent and shown. You can \
                     turn them off at any time.",
                ],
            ),
            (
                "Nothing is sold",
                &[
                    "No advertising, no trackers, no fonts or scripts from elsewhere.",
                    "Logs hold no answers, names, codes or cookies.",
                ],
            ),
            (
                "How long it is kept",
                &[
                    "Answers and cards stay until they are deleted. An answer you take back from a card is gone after \
                     7 days, and so is everything after you delete your account. Backups of the server hold it for \
                     up to {days} days more.",
                    "A device unused for 400 days is signed out by \
                     itself.",
                    "Cookies only remember that you are signed in, and keep codes from being guessed.",
                ],
            ),
        ],
    }
}
