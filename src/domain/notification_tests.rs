//! Tests of quiet hours, switches, and of what is still true at a notification's due minute.

use super::{super::Muted, *};
use crate::domain::{Cancelled, PairId, QuietHours, QuietHoursError, Standing, still_holds};

#[test]
fn quiet_hours_span_midnight_and_leave_part_of_the_day() {
    let night = QuietHours::DEFAULT;
    for (minute, is_quiet) in [(1_349, false), (1_350, true), (0, true), (449, true), (450, false), (720, false)] {
        assert_eq!(night.contains(minute), is_quiet, "{minute}");
    }
    assert!(QuietHours::new(0, 1_200).is_ok());
    for (from, to) in [(0, 1_201), (600, 600), (0, 1_439), (1_440, 10), (-1, 10)] {
        assert_eq!(QuietHours::new(from, to), Err(QuietHoursError), "{from} {to}");
    }
}

#[test]
fn every_kind_reads_back_and_switches_survive_their_stored_form() {
    for kind in NotificationKind::ALL {
        assert_eq!(NotificationKind::from_word(kind.word()), Some(kind));
    }
    let muted = Muted::new(vec![Channel::News, Channel::Nudge, Channel::News]);
    assert_eq!(Muted::from_stored(&muted.to_stored("")), muted);
    assert_eq!(
        Muted::from_stored("nudge later_word").to_stored("nudge later_word"),
        "nudge later_word",
        "saving keeps what is not known here"
    );
}

#[test]
fn questions_and_answers_are_never_counted() {
    let counted: Vec<_> = NotificationKind::ALL.into_iter().filter(|kind| !kind.is_counted()).collect();
    use NotificationKind::{
        Announcement, Answered, CardOpened, HandedOver, PasskeyCopied, ProofAsked, Question, RecoveryAsked,
        RecoveryRenewed, RecoveryUsed, SeatAsked, SeatJoined, SeatMoved, SeatOpened, SeatRefused, StaleToken, Test,
        WayInAdded, WayInRemoved, WayInUsed,
    };
    assert_eq!(
        counted,
        [
            Question,
            Answered,
            CardOpened,
            RecoveryUsed,
            RecoveryRenewed,
            RecoveryAsked,
            SeatAsked,
            SeatJoined,
            SeatRefused,
            SeatMoved,
            SeatOpened,
            WayInAdded,
            WayInRemoved,
            WayInUsed,
            PasskeyCopied,
            ProofAsked,
            HandedOver,
            StaleToken,
            Test,
            Announcement
        ]
    );
}

#[test]
fn what_no_longer_holds_is_not_sent() {
    use NotificationKind::*;
    let open = Standing { is_open: true, ..Standing::default() };
    let cases = [
        (Question, open, Ok(())),
        (Question, Standing { has_answered: true, ..open }, Err(Cancelled::Answered)),
        (Question, Standing { is_open: false, ..open }, Err(Cancelled::Superseded)),
        (Question, Standing { is_closed: true, ..open }, Err(Cancelled::Left)),
        (Question, Standing { is_paused: true, ..open }, Ok(())),
        (Reminder, Standing { is_paused: true, ..open }, Err(Cancelled::Paused)),
        (Reminder, Standing { has_answered: true, ..open }, Err(Cancelled::Answered)),
        (Nudge, Standing { is_muted: true, ..open }, Err(Cancelled::Muted)),
        (StillWaiting, Standing { other_has_answered: true, ..open }, Err(Cancelled::Answered)),
        (Answered, Standing { has_answered: true, is_complete: true, ..open }, Err(Cancelled::Answered)),
        (CardOpened, Standing { is_complete: true, has_answered: true, ..Standing::default() }, Ok(())),
        (Paused, open, Err(Cancelled::Superseded)),
        (Paused, Standing { is_paused: true, ..open }, Ok(())),
        (TimeChanged, Standing { is_superseded: true, ..open }, Err(Cancelled::Superseded)),
        (Left, Standing { is_closed: true, ..open }, Ok(())),
        (RecoveryUsed, Standing { is_closed: true, ..open }, Ok(())),
        (HandedOver, Standing { is_closed: true, ..open }, Ok(())),
        (Imported, Standing { is_closed: true, ..Standing::default() }, Ok(())),
        (Announcement, Standing::default(), Ok(())),
        (Announcement, Standing { is_muted: true, ..Standing::default() }, Err(Cancelled::Muted)),
    ];
    for (kind, standing, expected) in cases {
        assert_eq!(still_holds(kind, standing), expected, "{kind:?} {standing:?}");
    }
}

#[test]
fn jitter_is_the_pair_s_own_and_spreads_over_forty_seconds() {
    let jitters: Vec<i64> = (0..1_000u128).map(|n| jitter_ms(PairId((n << 64) | (n * 7_919)))).collect();
    assert!(jitters.iter().all(|jitter| (0..40_000).contains(jitter)));
    assert!((0..4).all(|quarter| jitters.iter().filter(|jitter| **jitter / 10_000 == quarter).count() > 150), "evenly");
    assert_eq!(jitter_ms(PairId(5)), jitter_ms(PairId(5)));
}
