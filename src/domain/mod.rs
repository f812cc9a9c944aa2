//! The rules of the product, as plain types and functions: no I/O, no clock, no randomness, no framework.
//!
//! What a rule needs from outside (now, a random number, a due minute) is an argument. A value made by `parse` is
//! valid. Both halves of the app use this module.

mod announcement;
mod answer;
mod cadence;
mod channel;
mod code_letters;
mod code_text;
mod daily_question;
mod deletion;
mod event;
mod graphemes;
mod hand_over;
mod ids;
mod invitation;
mod legible;
mod member;
mod notification;
mod pair;
mod person;
mod presence;
mod proof_request;
mod provider;
mod push_time;
mod question;
mod quiet_hours;
mod seat_return;
mod sky;
mod stale;
mod standing;
mod taken_back;
mod time;
mod wait;
mod waiting;

pub use announcement::{AnnouncementText, AnnouncementTextError, FcmAct};
pub use answer::{Answer, AnswerBody, AnswerBodyError};
pub use cadence::{Cadence, DueMinute, DueOutcome, MIN_GAP_MS, REMINDER_DAYS, SHELVE_DAY};
pub use channel::{Channel, Muted};
pub use daily_question::{
    DailyQuestion, DailyQuestionError, FIRST_QUESTION_KEY, FREE_QUESTION_KEY, SEASON_LENGTH, Saved, Seen, Status,
};
pub use deletion::{DELETION_WAITS_MS, WordsOnDeletion};
pub use event::{Event, EventKind};
pub use graphemes::{graphemes, has_forbidden};
pub use hand_over::{ENTER_LIFE_MS, HAND_OVER_LIFE_MS, HandOverCode, HandOverStage, WAY_OUT_LIFE_MS};
pub use ids::{
    AnnouncementId, DailyQuestionId, HandOverId, IdError, IdentityId, InvitationId, NotificationId, PairId, PasskeyId,
    PersonId, ProofRequestId, SessionId, SubmissionId, SubscriptionId,
};
pub use invitation::{CodeError, INVITATION_LIFE_MS, InvitationCode, RecoveryCode};
pub use legible::{is_blank, mended};
pub use member::{Member, Relation, RelationError, Role};
pub use notification::{COUNTED_A_DAY, LONGEST_JITTER_MS, NotificationKind, Urgency, jitter_ms};
pub use pair::{Pair, PairPhase, PauseError};
pub use person::{Locale, Person, PersonName, PersonNameError, TextSize, ZoneName, ZoneNameError};
pub use presence::{Presence, PresenceSignal};
pub use proof_request::{
    CONFIRMS_AFTER_MS, KNOWN_AFTER_MS, PROOF_REQUEST_LIFE_MS, ProofStage, SessionStanding, proof_numbers,
};
pub use provider::{ApnsEnvironment, Provider};
pub use push_time::{PushTime, PushTimeError};
pub use question::{Question, QuestionKey, Section, Wording, Wordings};
pub use quiet_hours::{QuietHours, QuietHoursError};
pub use seat_return::{RETURN_WAITS_MS, SeatReturn};
pub use sky::{Hour, TimeOfYear};
pub use stale::{Answerable, Stale};
pub use standing::{Cancelled, Standing, still_holds};
pub use time::{BELIEVED_AHEAD_DAYS, DateError, LocalDate, Millis, Moment};
pub use wait::Wait;
