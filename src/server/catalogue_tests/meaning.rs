//! What wordings must not presume or name, and which of them address the reader.

use super::*;

/// Words that no question may use, with the reason.
struct Forbidden {
    words: &'static str,
    /// Words that only begin like one of them.
    but_not: &'static str,
    because: &'static str,
}

/// Korean words are looked for at the beginning of a word, since endings follow them.
const KOREAN: [Forbidden; 9] = [
    Forbidden {
        words: "엄마, 아빠, 어머니, 아버지, 어머님, 아버님, 부모, 모친, 부친이, 부친께, 할머니, 할아버지, 할머님, 할아버님",
        but_not: "",
        because: "the parent across is named by {other} alone, and may be an aunt",
    },
    Forbidden {
        words: "자녀, 자식, 딸, 아들, 따님, 아드님, 손주, 손자, 손녀",
        but_not: "딸기, 딸꾹, 딸랑",
        because: "the child across is named by {other} alone, and may be a nephew",
    },
    Forbidden {
        words: "당신, 너는, 너를, 너의, 네가, 걔, 그녀",
        but_not: "",
        because: "the other is {other}, and nobody's sex is guessed",
    },
    Forbidden {
        words: "결혼, 혼인, 남편, 아내, 배우자, 신랑, 신부, 신혼, 부부, 시어머, 시아버, 시댁, 시집살, 처가, 장인, 장모, 며느리, 사위, 이혼, \
                애인, 연인, 여자친구, 남자친구, 임신, 출산, 태교",
        but_not: "",
        because: "nobody need be, or have been, married or in love, or have borne a child",
    },
    Forbidden {
        words: "형제, 자매, 남매, 언니, 오빠, 누나, 동생, 형이, 형을, 형과, 형은, 맏이, 막내, 쌍둥이, 외동, 삼촌, 고모, 이모, 사촌",
        but_not: "이모티콘",
        because: "nobody need have brothers, sisters or aunts",
    },
    Forbidden {
        words: "교회, 성당, 예배, 하느님, 하나님, 부처, 목사, 스님, 기도, 불공, 세례, 종교, 신앙, 절에, 절을, 절이, 성경, 불경, 제사, 차례상, 사주, 점집",
        but_not: "",
        because: "no faith is presumed, and no lack of one",
    },
    Forbidden {
        words: "병원, 수술, 입원, 투병, 아팠, 아프, 아플, 질병, 건강, 치매, 암에, 장애, 약을",
        but_not: "",
        because: "nobody need be well, or ill",
    },
    Forbidden {
        words: "대학, 유학, 과외, 학원, 취업, 회사, 직장, 출근, 퇴근, 월급, 연봉, 승진, 정년, 은퇴, 군대, 군복무, 입대, 제대, 훈련소, 자가용, \
                아파트, 해외, 비행기, 부동산, 재산, 유산, 용돈, 명품, 호텔",
        but_not: "",
        because: "a degree, a post, a service, a house and journeys are not everybody's",
    },
    Forbidden {
        words: "돌아가신, 돌아가셨, 돌아가시, 장례, 산소, 무덤, 죽음, 죽기, 유언, 영정, 천국, 저승, 가족, 식구, 온 집안, 우리 집",
        but_not: "",
        because: "who lives, and with whom, is not presumed, and nobody is asked about death",
    },
];

/// English words are looked for as whole words.
const ENGLISH: [Forbidden; 8] = [
    Forbidden {
        words: "mum, mom, mummy, dad, daddy, mother, father, parent, parents, grandmother, grandfather, grandma, \
            grandpa, granny, nan, folks",
        but_not: "",
        because: "the parent across is named by {other} alone",
    },
    Forbidden {
        words: "son, sons, daughter, daughters, kids, grandchild, grandson, granddaughter",
        but_not: "",
        because: "the child across is named by {other} alone",
    },
    Forbidden { words: "he, him, his, she, her, hers, boy, girl", but_not: "", because: "nobody's sex is guessed" },
    Forbidden {
        words: "husband, wife, spouse, married, marry, marriage, wedding, bride, groom, honeymoon, boyfriend, \
            girlfriend, fiance, divorce, in-laws, pregnant, childbirth",
        but_not: "",
        because: "nobody need be, or have been, married or in love, or have borne a child",
    },
    Forbidden {
        words: "brother, brothers, sister, sisters, sibling, siblings, cousin, aunt, uncle, twin",
        but_not: "",
        because: "nobody need have brothers, sisters or aunts",
    },
    Forbidden {
        words: "church, temple, mosque, god, pray, prayer, prayed, bible, priest, monk, baptism, faith, religion, \
            blessed, christmas, easter, ramadan",
        but_not: "",
        because: "no faith is presumed, and no lack of one",
    },
    Forbidden {
        words: "hospital, illness, ill, sick, disease, surgery, operation, health, healthy, doctor, dementia, \
            disability, died, death, dead, funeral, grave, heaven",
        but_not: "",
        because: "nobody need be well or ill, and nobody is asked about death",
    },
    Forbidden {
        words: "university, college, degree, army, soldier, military, office, boss, salary, career, promotion, \
            retire, retired, retirement, mortgage, abroad, plane, family, families, relatives, household",
        but_not: "",
        because: "a degree, a post, a service, journeys and a family at home are not everybody's",
    },
];

/// The first of the forbidden words that a text holds, each told by `is_in`, with the reason.
fn forbidden(list: &[Forbidden], is_in: impl Fn(&str, &[&str]) -> bool) -> Option<String> {
    list.iter().find_map(|forbidden| {
        let but_not: Vec<&str> = forbidden.but_not.split(", ").filter(|word| !word.is_empty()).collect();
        let found = forbidden.words.split(", ").find(|word| is_in(word, &but_not));
        found.map(|word| format!("{word} ({})", forbidden.because))
    })
}

#[test]
fn no_korean_wording_presumes_or_names_what_it_should_not() {
    let korean: Vec<CatalogueText> = all_texts().into_iter().filter(|item| item.language == "ko").collect();
    each(&korean, |item| {
        let bare = item.bare();
        let words: Vec<&str> = bare.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        forbidden(&KOREAN, |phrase, but_not| {
            let phrase: Vec<&str> = phrase.split(' ').collect();
            words.windows(phrase.len()).any(|window| {
                window.iter().zip(&phrase).all(|(word, stem)| word.starts_with(stem))
                    && !but_not.iter().any(|fine| window[0].starts_with(fine))
            })
        })
    });
}

#[test]
fn no_english_wording_presumes_or_names_what_it_should_not() {
    let english: Vec<CatalogueText> = all_texts().into_iter().filter(|item| item.language == "en").collect();
    each(&english, |item| {
        let bare = item.bare().to_lowercase();
        let words: Vec<&str> = bare.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').collect();
        forbidden(&ENGLISH, |word, _| words.contains(&word))
    });
}

#[test]
fn most_questions_ask_the_reader_about_their_own_life() {
    let catalogue = catalogue();
    for section in Section::ALL.into_iter().filter(|section| *section != Section::SinceWeMet) {
        let of_section: Vec<&Question> =
            catalogue.questions().iter().filter(|question| question.section == section).collect();
        let with_other = of_section.iter().filter(|question| names_the_other(question)).count();
        assert!(
            with_other * 2 <= of_section.len(),
            "{}: {with_other} of {} name the other",
            section.word(),
            of_section.len()
        );
    }
    let with_other = catalogue.questions().iter().filter(|question| names_the_other(question)).count();
    assert!(with_other * 2 < catalogue.questions().len(), "{with_other} of all name the other");
}

fn names_the_other(question: &Question) -> bool {
    let both = [Locale::Ko, Locale::En].map(|locale| question.wordings.of(locale));
    both.iter().any(|wording| [Role::Parent, Role::Child].iter().any(|role| wording.of(*role).contains("{other")))
}

/// A member may read in Korean and the other in English: both languages of a wording speak of the same people.
#[test]
fn both_languages_name_the_other_in_the_same_wordings() {
    for (ko, en) in wordings("ko").iter().zip(wordings("en")) {
        assert_eq!((&ko.key, ko.seat), (&en.key, en.seat));
        assert_eq!(ko.names_the_other(), en.names_the_other(), "{} {}", ko.key, ko.seat);
    }
}
