//! Which question a pair gets next.

use super::*;

#[test]
fn a_pair_is_asked_everything_once_and_then_gets_the_free_question() {
    let catalogue = catalogue();
    for seed in [0, 1, 7, u64::MAX] {
        let mut asked = BTreeSet::from([catalogue.first().key.clone()]);
        let mut random = seed;
        for before in 1..catalogue.questions().len() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (question, left) = catalogue.choose(&asked, None, random);
            assert_eq!(left, catalogue.questions().len() - before);
            assert!(asked.insert(question.key.clone()), "{} again", question.key.0);
        }
        let (question, left) = catalogue.choose(&asked, Some(Section::School), random);
        assert_eq!((question.key.0.as_str(), left), (FREE_QUESTION_KEY, 0));
    }
}

#[test]
fn the_next_question_is_of_another_section_while_there_is_one() {
    let catalogue = catalogue();
    let (mut asked, mut last) = (BTreeSet::new(), None);
    for random in 0..catalogue.questions().len() as u64 {
        let (question, _) = catalogue.choose(&asked, last, random.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let elsewhere =
            catalogue.questions().iter().any(|other| Some(other.section) != last && !asked.contains(&other.key));
        assert_eq!(Some(question.section) != last, elsewhere, "{} after {last:?}", question.key.0);
        asked.insert(question.key.clone());
        last = Some(question.section);
    }
}

#[test]
fn when_only_the_last_section_is_left_it_goes_on_there() {
    let catalogue = catalogue();
    let others = catalogue.questions().iter().filter(|question| question.section != Section::Youth);
    let asked: BTreeSet<QuestionKey> = others.map(|question| question.key.clone()).collect();
    for random in [0, 5, u64::MAX] {
        let (question, left) = catalogue.choose(&asked, Some(Section::Youth), random);
        assert_eq!((question.section, left), (Section::Youth, catalogue.questions().len() - asked.len()));
    }
}

#[test]
fn every_question_can_be_chosen() {
    let catalogue = catalogue();
    let count = catalogue.questions().len() as u64;
    let chosen: BTreeSet<&QuestionKey> =
        (0..count).map(|random| &catalogue.choose(&BTreeSet::new(), None, random).0.key).collect();
    assert_eq!(chosen.len() as u64, count);
}
