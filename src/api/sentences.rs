//! What is said when a request was not done.

use super::ApiError;
use crate::text::{PageWords, Words};

impl ApiError {
    /// What to say on the page that lives in the browser; what cannot happen there is "in a moment".
    pub fn sentence(self, words: &Words) -> &'static str {
        match self {
            Self::SignedOut => words.err_signed_out,
            Self::NotFound => words.err_not_found,
            Self::AnswerEmpty => words.err_answer_empty,
            Self::AnswerTooLong => words.err_answer_too_long,
            Self::AnswerTooHeavy => words.err_answer_too_heavy,
            Self::AnswerForbidden => words.err_answer_forbidden,
            Self::CodeWrong => words.err_code,
            Self::CardOpen => words.err_card_open,
            Self::AlreadyOpen => words.err_already_open,
            Self::Swapped => words.err_swapped,
            Self::PairClosed => words.err_pair_closed,
            Self::AnsweredElsewhere => words.answered_elsewhere,
            Self::TooLarge => words.err_too_large,
            Self::TooMuch => words.err_too_much,
            Self::LeaveUnconfirmed => words.err_leave_confirm,
            Self::Malformed => words.err_malformed,
            Self::Unavailable => words.err_unavailable,
            Self::Broken => words.err_broken,
            Self::Network => words.err_network,
            Self::NameEmpty
            | Self::NameTooLong
            | Self::NameForbidden
            | Self::ConsentMissing
            | Self::RelationMissing
            | Self::RelationWordMissing
            | Self::RelationWordTooLong
            | Self::RelationWordForbidden
            | Self::TimeInvalid
            | Self::ZoneInvalid
            | Self::DateInvalid
            | Self::PausePast
            | Self::PauseTooLong
            | Self::RecoveryCodeWrong
            | Self::CodeMissing
            | Self::TooManyTries
            | Self::JoiningMyself
            | Self::PairExists
            | Self::SeatTaken
            | Self::NotAnswered
            | Self::StillAlone
            | Self::PairPaused
            | Self::NudgedToday
            | Self::QuietTooLong
            | Self::EndpointRefused
            | Self::PushKeysInvalid
            | Self::SubscriptionTaken
            | Self::DeviceNameInvalid
            | Self::SessionTooYoung
            | Self::TooManySignUps
            | Self::TooManyPairs
            | Self::Shelved
            | Self::SomebodyAnswered
            | Self::FirstQuestion
            | Self::SwappedToday
            | Self::NotYet
            | Self::Insecure
            | Self::CrossSite => words.err_broken,
        }
    }

    /// What to say on a page that only the server renders, by the field or on the page.
    pub fn page_sentence(self, words: &PageWords) -> &'static str {
        match self {
            Self::NameEmpty => words.err_name_empty,
            Self::NameTooLong => words.err_name_too_long,
            Self::NameForbidden => words.err_name_forbidden,
            Self::ConsentMissing => words.err_consent,
            Self::RelationMissing => words.err_relation,
            Self::RelationWordMissing => words.err_relation_word,
            Self::RelationWordTooLong => words.err_relation_word_too_long,
            Self::RelationWordForbidden => words.err_relation_word_forbidden,
            Self::TimeInvalid => words.err_time,
            Self::ZoneInvalid => words.err_zone,
            Self::DateInvalid => words.err_date,
            Self::PausePast => words.err_pause_past,
            Self::PauseTooLong => words.err_pause_too_long,
            Self::RecoveryCodeWrong => words.err_recovery_code,
            Self::CodeMissing => words.err_code_missing,
            Self::TooManyTries => words.err_too_many,
            Self::JoiningMyself => words.err_myself,
            Self::PairExists => words.err_pair_exists,
            Self::SeatTaken => words.err_seat_taken,
            Self::Shelved => words.err_shelved,
            Self::SomebodyAnswered => words.err_somebody_answered,
            Self::FirstQuestion => words.err_first_question,
            Self::SwappedToday => words.err_swapped_today,
            Self::NotYet => words.err_not_yet,
            Self::NotAnswered => words.err_nudge_not_answered,
            Self::StillAlone => words.err_still_alone,
            Self::PairPaused => words.err_pair_paused,
            Self::NudgedToday => words.err_nudged_today,
            Self::QuietTooLong => words.err_quiet_too_long,
            Self::EndpointRefused => words.err_endpoint,
            Self::PushKeysInvalid => words.err_push_keys,
            Self::SubscriptionTaken => words.err_subscription_taken,
            Self::DeviceNameInvalid => words.err_device_name,
            Self::SessionTooYoung => words.err_session_young,
            Self::TooManySignUps => words.err_too_many_sign_ups,
            Self::TooManyPairs => words.err_too_many_pairs,
            Self::Insecure => words.err_insecure,
            Self::CrossSite => words.err_cross_site,
            Self::SignedOut
            | Self::NotFound
            | Self::AnswerEmpty
            | Self::AnswerTooLong
            | Self::AnswerTooHeavy
            | Self::AnswerForbidden
            | Self::CodeWrong
            | Self::CardOpen
            | Self::AlreadyOpen
            | Self::Swapped
            | Self::AnsweredElsewhere
            | Self::PairClosed
            | Self::TooLarge
            | Self::TooMuch
            | Self::LeaveUnconfirmed
            | Self::Malformed
            | Self::Unavailable
            | Self::Broken
            | Self::Network => self.sentence(words),
        }
    }
}
