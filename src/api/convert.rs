//! Conversions from domain types to views. Only `DailyQuestion::seen_by` decides what a member may see of the answers.

use super::{AnswersView, MemberView, PairLink, PairView, QuestionView, ZoneChoice};
use crate::{
    domain::{Answer, DailyQuestion, LocalDate, Locale, Member, Millis, Pair, PersonId, Role, Seen, ZoneName},
    text::{self, PageWords, Words},
};

impl From<&Member> for MemberView {
    fn from(member: &Member) -> Self {
        Self { role: member.role, relation: member.relation.clone(), name: member.name.as_str().to_owned() }
    }
}

/// A pair as the member with this role sees it. `None` if the pair has no member with this role.
pub fn pair_view(pair: &Pair, role: Role, today: LocalDate) -> Option<PairView> {
    let me = pair.seat(role)?;
    Some(PairView {
        id: pair.id,
        phase: pair.phase(),
        me: me.into(),
        other: pair.seat(role.other()).map(MemberView::from),
        push_time: pair.push_time,
        zone: pair.zone.as_str().to_owned(),
        paused_until: pair.pause_at(today),
        is_inviter: pair.inviter_id == me.person_id,
    })
}

/// The zones that a form offers, from the zones and minutes of the day that the calendar gives.
pub fn zone_choices(offered: Vec<(ZoneName, i64)>) -> Vec<ZoneChoice> {
    offered.into_iter().map(|(zone, minute)| ZoneChoice { zone: zone.as_str().to_owned(), minute }).collect()
}

pub fn pair_link(pair: &Pair, person: PersonId) -> PairLink {
    let other = pair.role_of(person).and_then(|role| pair.seat(role.other())).map(MemberView::from);
    PairLink { id: pair.id, phase: pair.phase(), other }
}

/// The name of a person's passkeys in the lists of their devices: `지은 · 엄마`.
pub fn passkey_user(words: &PageWords, name: &str, links: &[PairLink]) -> String {
    let others = links.iter().filter_map(|link| link.other.as_ref().map(|other| other.call(words)));
    std::iter::once(name.to_owned()).chain(others).collect::<Vec<_>>().join(" · ")
}

/// A question as `pair.me` sees it. `date_of` returns the pair's local date of an instant.
pub fn question_view(
    question: &DailyQuestion,
    pair: &PairView,
    locale: Locale,
    date_of: impl Fn(Millis) -> LocalDate,
    revisions: Vec<String>,
) -> QuestionView {
    let words = text::words(locale);
    let role = pair.me.role;
    let wording = question.wordings.of(locale);
    let answers = match question.seen_by(role) {
        Seen::Open => AnswersView::Open,
        Seen::OtherIsWaiting => AnswersView::OtherIsWaiting,
        Seen::Sealed => AnswersView::Waiting { own: text::page_words(locale).answer_sealed.to_owned() },
        Seen::Waiting { own } => AnswersView::Waiting { own: own.body.as_str().to_owned() },
        Seen::Both { own, other } => AnswersView::Both {
            own: shown(own, text::page_words(locale).answer_taken_back_by_me),
            other: shown(other, text::page_words(locale).answer_taken_back),
            own_date: date_of(own.first_at),
            other_date: date_of(other.first_at),
        },
    };
    let is_taken_back = question.answer_of(role).is_some_and(|answer| answer.taken_back_at.is_some());
    let is_sealed = matches!(question.seen_by(role), Seen::Sealed);
    let is_open = matches!(answers, AnswersView::Both { .. });
    QuestionView {
        id: question.id,
        version: question.version,
        number: question.number,
        section: question.section,
        topic: wording.topic.clone(),
        wording: text::fill(wording.of(role), &[("other", &filler(words, pair))]),
        other_wording: is_open.then(|| text::fill(wording.of(role.other()), &[("other", &pair.me.call(words))])),
        local_date: question.local_date,
        may_move_on: question.may_move_on(role),
        has_moved_on: question.move_on == Some(role),
        is_sealed,
        // With an answer that was taken back its earlier revisions go too.
        revisions: if is_taken_back { Vec::new() } else { revisions },
        revision: question.answer_of(role).map_or(0, |answer| answer.revision),
        answers,
    }
}

/// The words of an answer of an open card. Instead of one that was taken back the card shows a sentence.
fn shown(answer: &Answer, if_taken_back: &'static str) -> String {
    if answer.taken_back_at.is_some() { if_taken_back.to_owned() } else { answer.body.as_str().to_owned() }
}

/// The word for the other member in a question. It is a general word while nobody has joined.
fn filler(words: &Words, pair: &PairView) -> String {
    match (&pair.other, pair.me.role) {
        (Some(other), _) => other.call(words),
        (None, Role::Child) => words.role_parent.to_owned(),
        (None, Role::Parent) => words.role_child.to_owned(),
    }
}
