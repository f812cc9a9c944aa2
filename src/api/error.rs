//! The error type of the contract: a code without a sentence or a cause. The table `api_errors!` is the only list of
//! codes.

use serde::{Deserialize, Serialize, de::IntoDeserializer};

use crate::{
    domain::{
        AnswerBodyError, DailyQuestionError, DateError, IdError, PauseError, PersonNameError, PushTimeError,
        QuietHoursError, RelationError, ZoneNameError,
    },
    text::{PageWords, Words},
};

/// Passes the table of errors to the macro `$then`. A row is a code (never renamed: installed apps know it), its HTTP
/// status (RFC 9110 §15), its sentence, and the error of the domain or of a service that becomes this code.
///
/// `words` has the sentences of the islands. A code with a sentence of `page_words` is shown by server-rendered pages
/// only. Where no error of the domain becomes such a code the WebAssembly leaves it out, and an island would read it as
/// `Malformed`. `aside` marks errors that the writer of an answer cannot correct in its field: the text of that answer
/// is put aside on the device.
macro_rules! api_errors {
    ($then:ident) => {
        $then! {
            SignedOut: 401, words.err_signed_out, ServiceError::SignedOut;
            NotFound: 404 aside, words.err_not_found, ServiceError::NotFound;
            NameEmpty: 422, page_words.err_name_empty, PersonNameError::Empty;
            NameTooLong: 422, page_words.err_name_too_long, PersonNameError::TooLong;
            NameForbidden: 422, page_words.err_name_forbidden, PersonNameError::Forbidden;
            ConsentMissing: 422, page_words.err_consent, ServiceError::ConsentMissing;
            AnswerEmpty: 422, words.err_answer_empty, AnswerBodyError::Empty;
            AnswerTooLong: 422, words.err_answer_too_long, AnswerBodyError::TooLong;
            AnswerTooHeavy: 422, words.err_answer_too_heavy, AnswerBodyError::TooHeavy;
            AnswerForbidden: 422, words.err_answer_forbidden, AnswerBodyError::Forbidden;
            RelationMissing: 422, page_words.err_relation, RelationError::Unknown;
            RelationWordMissing: 422, page_words.err_relation_word, RelationError::WordMissing;
            RelationWordTooLong: 422, page_words.err_relation_word_too_long, RelationError::WordTooLong;
            RelationWordForbidden: 422, page_words.err_relation_word_forbidden, RelationError::WordForbidden;
            TimeInvalid: 422, page_words.err_time;
            ZoneInvalid: 422, page_words.err_zone, ServiceError::Zone;
            DateInvalid: 422, page_words.err_date, ServiceError::Date;
            PausePast: 422, page_words.err_pause_past, PauseError::Past;
            PauseTooLong: 422, page_words.err_pause_too_long, PauseError::TooLong;
            CodeWrong: 422, words.err_code, ServiceError::CodeWrong;
            #[cfg(not(target_arch = "wasm32"))]
            RecoveryCodeWrong: 422, page_words.err_recovery_code;
            /// The typed text contains no code, or several. It does not count as a failed try.
            #[cfg(not(target_arch = "wasm32"))]
            CodeMissing: 422, page_words.err_code_missing, ServiceError::CodeMissing;
            /// The operator made the code, and its 48 hours of notice are not over.
            #[cfg(not(target_arch = "wasm32"))]
            CodeTooEarly: 409, page_words.err_code_early, ServiceError::CodeTooEarly;
            /// The code from before the renewal still works, and only that one proves who it is.
            #[cfg(not(target_arch = "wasm32"))]
            CodeTooNew: 409, page_words.err_code_new, ServiceError::CodeTooNew;
            /// The file is no copy of this app, or not a whole one.
            #[cfg(not(target_arch = "wasm32"))]
            CopyBroken: 422, page_words.err_copy_broken;
            #[cfg(not(target_arch = "wasm32"))]
            CopyTooLarge: 413, page_words.err_copy_too_large;
            /// The person would have more than thirty pairs.
            #[cfg(not(target_arch = "wasm32"))]
            CopyTooMany: 409, page_words.err_copy_too_many;
            #[cfg(not(target_arch = "wasm32"))]
            CopyBusy: 503, page_words.err_copy_busy;
            /// Hardly anything of the copy arrives.
            #[cfg(not(target_arch = "wasm32"))]
            CopySlow: 422, page_words.err_copy_slow;
            /// The copy is of a later release.
            #[cfg(not(target_arch = "wasm32"))]
            CopyVersion: 422, page_words.err_copy_version;
            #[cfg(not(target_arch = "wasm32"))]
            CopyHere: 409, page_words.err_copy_here;
            #[cfg(not(target_arch = "wasm32"))]
            PasskeyRefused: 422, page_words.err_passkey, ServiceError::PasskeyRefused;
            /// A whole answer by a passkey that is not stored here: the browser may forget it.
            #[cfg(not(target_arch = "wasm32"))]
            PasskeyUnknown: 422, page_words.err_passkey, ServiceError::PasskeyUnknown;
            /// The browser took more than five minutes.
            #[cfg(not(target_arch = "wasm32"))]
            ChallengeOver: 409, page_words.err_challenge, ServiceError::ChallengeOver;
            #[cfg(not(target_arch = "wasm32"))]
            TooManyPasskeys: 409, page_words.err_too_many_passkeys, ServiceError::TooManyPasskeys;
            /// No proof of the last ten minutes that the session is used by its person.
            #[cfg(not(target_arch = "wasm32"))]
            ProofNeeded: 403, page_words.err_proof, ServiceError::ProofNeeded;
            /// Another session may have opened this one, so that it neither asks for a proof nor confirms one.
            #[cfg(not(target_arch = "wasm32"))]
            SessionTooNew: 409, page_words.err_session_too_new, ServiceError::SessionTooNew;
            #[cfg(not(target_arch = "wasm32"))]
            NoOtherDevice: 409, page_words.err_no_other_device, ServiceError::NoOtherDevice;
            /// More than five requests within a day.
            #[cfg(not(target_arch = "wasm32"))]
            TooManyProofs: 429, page_words.err_too_many_proofs, ServiceError::TooManyProofs;
            #[cfg(not(target_arch = "wasm32"))]
            ProofOver: 409, page_words.err_proof_over, ServiceError::ProofOver;
            #[cfg(not(target_arch = "wasm32"))]
            ProofNumberWrong: 422, page_words.err_proof_number, ServiceError::ProofNumberWrong;
            #[cfg(not(target_arch = "wasm32"))]
            SignInOver: 409, page_words.err_sign_in_over, ServiceError::SignInOver;
            ProviderDown: 503, page_words.err_provider_down, ServiceError::ProviderDown;
            ProviderRefused: 422, page_words.err_provider_refused, ServiceError::ProviderRefused;
            IdentityTaken: 409, page_words.err_identity_taken, ServiceError::IdentityTaken;
            LeaveUnconfirmed: 422, words.err_leave_confirm;
            #[cfg(not(target_arch = "wasm32"))]
            DeletionUnconfirmed: 422, page_words.err_deletion_confirm;
            /// The form has no choice for one of the person's pairs, for example one that was started since.
            #[cfg(not(target_arch = "wasm32"))]
            DeletionChoice: 422, page_words.err_deletion_choice, ServiceError::DeletionChoice;
            #[cfg(not(target_arch = "wasm32"))]
            TooManyTries: 429, page_words.err_too_many, ServiceError::TooManyTries;
            /// More requests in a short time than a person makes by hand.
            TooMuch: 429, words.err_too_much;
            /// Too many sign-ups from one address within the hour.
            #[cfg(not(target_arch = "wasm32"))]
            TooManySignUps: 429, page_words.err_too_many_sign_ups, ServiceError::TooManySignUps;
            #[cfg(not(target_arch = "wasm32"))]
            TooManyPairs: 409, page_words.err_too_many_pairs, ServiceError::TooManyPairs;
            #[cfg(not(target_arch = "wasm32"))]
            JoiningMyself: 409, page_words.err_myself, ServiceError::JoiningMyself;
            #[cfg(not(target_arch = "wasm32"))]
            PairExists: 409, page_words.err_pair_exists, ServiceError::PairExists;
            #[cfg(not(target_arch = "wasm32"))]
            SeatTaken: 409, page_words.err_seat_taken, ServiceError::SeatTaken;
            #[cfg(not(target_arch = "wasm32"))]
            ReturnWaits: 409, page_words.err_return_waits, ServiceError::ReturnWaits;
            /// The person waits for a seat of this pair.
            SeatWaits: 409, page_words.seat_waits_lead, ServiceError::SeatWaits;
            /// The person had a seat of this pair, and it moved to another person.
            SeatMoved: 410 aside, page_words.seat_moved_lead, ServiceError::SeatMoved;
            CardOpen: 409, words.err_card_open, ServiceError::CardOpen;
            AlreadyOpen: 409 aside, words.err_already_open, DailyQuestionError::AlreadyOpen;
            Swapped: 409 aside, words.err_swapped, DailyQuestionError::Swapped;
            AnsweredElsewhere: 409 aside, words.answered_elsewhere, DailyQuestionError::AnsweredElsewhere;
            PairClosed: 409 aside, words.err_pair_closed, DailyQuestionError::PairClosed;
            Shelved: 409, page_words.err_shelved, DailyQuestionError::Shelved;
            SomebodyAnswered: 409, page_words.err_somebody_answered, DailyQuestionError::SomebodyAnswered;
            FirstQuestion: 409, page_words.err_first_question, DailyQuestionError::FirstQuestion;
            SwappedToday: 409, page_words.err_swapped_today, DailyQuestionError::SwappedToday;
            NotYet: 409, page_words.err_not_yet, DailyQuestionError::NotYet;
            NotAnswered: 409, page_words.err_nudge_not_answered, DailyQuestionError::NotAnswered;
            StillAlone: 409, page_words.err_still_alone, DailyQuestionError::Alone;
            PairPaused: 409, page_words.err_pair_paused, DailyQuestionError::Paused;
            NudgedToday: 409, page_words.err_nudged_today, DailyQuestionError::NudgedToday;
            StillClosed: 409, page_words.err_still_closed, DailyQuestionError::StillClosed;
            TakenBackForGood: 409, page_words.err_taken_back_for_good, DailyQuestionError::TakenBackForGood;
            AnswerSealed: 409 aside, page_words.err_answer_sealed, DailyQuestionError::Sealed;
            QuietTooLong: 422, page_words.err_quiet_too_long;
            #[cfg(not(target_arch = "wasm32"))]
            EndpointRefused: 422, page_words.err_endpoint;
            #[cfg(not(target_arch = "wasm32"))]
            PushKeysInvalid: 422, page_words.err_push_keys;
            #[cfg(not(target_arch = "wasm32"))]
            AddressInvalid: 422, page_words.err_address;
            #[cfg(not(target_arch = "wasm32"))]
            ProviderUnknown: 422, page_words.err_provider_unknown;
            #[cfg(not(target_arch = "wasm32"))]
            ProviderDisabled: 409, page_words.err_provider_disabled, ServiceError::ProviderDisabled;
            #[cfg(not(target_arch = "wasm32"))]
            SubscriptionTaken: 409, page_words.err_subscription_taken, ServiceError::SubscriptionTaken;
            #[cfg(not(target_arch = "wasm32"))]
            DeviceNameInvalid: 422, page_words.err_device_name, ServiceError::DeviceName;
            /// The session is younger than a day, so it ends no older session and device.
            #[cfg(not(target_arch = "wasm32"))]
            SessionTooYoung: 409, page_words.err_session_young, ServiceError::SessionTooYoung;
            #[cfg(not(target_arch = "wasm32"))]
            Insecure: 403, page_words.err_insecure, ServiceError::Insecure;
            #[cfg(not(target_arch = "wasm32"))]
            CrossSite: 403, page_words.err_cross_site;
            TooLarge: 413, words.err_too_large;
            Malformed: 400, words.err_malformed;
            Unavailable: 503, words.err_unavailable, ServiceError::DiskLow;
            Broken: 500, words.err_broken;
            Network: 503, words.err_network;
        }
    };
}

macro_rules! declare {
    ($(
        $(#[$meta:meta])*
        $code:ident: $status:literal $($place:ident)?, $table:ident.$sentence:ident
        $(, AnswerBodyError::$answer:ident)? $(, DailyQuestionError::$rule:ident)? $(, PauseError::$pause:ident)?
        $(, PersonNameError::$name:ident)? $(, RelationError::$relation:ident)? $(, ServiceError::$service:ident)?;
    )*) => {
        /// Why a request was refused or failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
        #[error("{self:?}")]
        pub enum ApiError {
            $($(#[$meta])* $code,)*
        }

        impl ApiError {
            /// The HTTP status of the answer.
            #[allow(unused_doc_comments)]
            pub fn status(self) -> u16 {
                match self {
                    $($(#[$meta])* Self::$code => $status,)*
                }
            }

            /// Whether the writer of an answer can correct this error in its field. If not, the text of the answer is
            /// put aside on the device.
            #[allow(unused_doc_comments)]
            pub fn is_by_the_field(self) -> bool {
                match self {
                    $($(#[$meta])* Self::$code => is_by_the_field!($($place)?),)*
                }
            }

            /// The sentence on an island. A code that no island can get is shown as "please try again in a moment".
            #[allow(unused_doc_comments)]
            pub fn sentence(self, words: &Words) -> &'static str {
                match self {
                    $($(#[$meta])* Self::$code => island_sentence!($table, words, $sentence),)*
                }
            }

            /// The sentence on a server-rendered page.
            #[allow(unused_doc_comments)]
            pub fn page_sentence(self, words: &PageWords) -> &'static str {
                match self {
                    $($(#[$meta])* Self::$code => words.$sentence,)*
                }
            }
        }

        become_codes! {
            AnswerBodyError { $($($answer => $code,)?)* }
            PauseError { $($($pause => $code,)?)* }
            PersonNameError { $($($name => $code,)?)* }
            DailyQuestionError { $($($rule => $code,)?)* }
            RelationError { $($($relation => $code,)?)* }
        }
    };
}

macro_rules! is_by_the_field {
    () => {
        true
    };
    (aside) => {
        false
    };
}

macro_rules! island_sentence {
    (words, $words:ident, $sentence:ident) => {
        $words.$sentence
    };
    (page_words, $words:ident, $sentence:ident) => {
        $words.err_broken
    };
}

macro_rules! become_codes {
    ($($error:ident { $($variant:ident => $code:ident,)* })*) => {
        $(impl From<$error> for ApiError {
            fn from(error: $error) -> Self {
                match error {
                    $($error::$variant => Self::$code,)*
                }
            }
        })*
    };
}

api_errors!(declare);

impl ApiError {
    /// The error with this name, as a refused form carries it. A name that this release does not know becomes `Broken`.
    pub fn named(name: &str) -> Self {
        // The reader of the JSON answers has this error type too, so the WebAssembly holds one list of the names.
        Self::deserialize(IntoDeserializer::<serde_json::Error>::into_deserializer(name)).unwrap_or(Self::Broken)
    }
}

/// Errors that always become the same code.
macro_rules! always_become {
    ($($error:ident => $code:ident,)*) => {
        $(impl From<$error> for ApiError {
            fn from(_: $error) -> Self {
                Self::$code
            }
        })*
    };
}

always_become! {
    DateError => DateInvalid,
    IdError => NotFound,
    PushTimeError => TimeInvalid,
    QuietHoursError => QuietTooLong,
    ZoneNameError => ZoneInvalid,
}
