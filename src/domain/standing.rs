//! Whether a notification is still true at the moment of sending.
//! Rule R98.

use super::NotificationKind;

/// Why a delivery was not sent. The word is stored for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// The person has done what the notification asked for.
    Answered,
    /// The pair was closed.
    Left,
    /// The browser signed out or was removed.
    SignedOut,
    Muted,
    Paused,
    /// A newer notification replaces this one.
    Superseded,
    /// A page on that browser showed the event to the person.
    SeenLive,
}

impl Cancelled {
    pub fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Left => "left",
            Self::SignedOut => "signed_out",
            Self::Muted => "muted",
            Self::Paused => "paused",
            Self::Superseded => "superseded",
            Self::SeenLive => "seen_live",
        }
    }
}

/// The state of the world at the moment of sending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    pub is_closed: bool,
    pub is_paused: bool,
    pub is_muted: bool,
    /// The question of the notification is the pair's current one and is neither shelved nor complete.
    pub is_open: bool,
    pub is_complete: bool,
    pub has_answered: bool,
    pub other_has_answered: bool,
    /// A newer notification of the same kind about the same pair exists.
    pub is_superseded: bool,
}

/// Checks whether the notification is still true: what was true when it was written may have changed since.
pub fn still_holds(kind: NotificationKind, now: Standing) -> Result<(), Cancelled> {
    if now.is_muted {
        return Err(Cancelled::Muted);
    }
    match kind {
        NotificationKind::RecoveryUsed
        | NotificationKind::RecoveryRenewed
        | NotificationKind::RecoveryAsked
        | NotificationKind::SeatAsked
        | NotificationKind::SeatJoined
        | NotificationKind::SeatRefused
        | NotificationKind::SeatMoved
        | NotificationKind::SeatOpened
        | NotificationKind::WayInAdded
        | NotificationKind::WayInRemoved
        | NotificationKind::WayInUsed
        | NotificationKind::PasskeyCopied
        | NotificationKind::ProofAsked
        | NotificationKind::HandedOver
        | NotificationKind::StaleToken
        | NotificationKind::Test
        | NotificationKind::Announcement
        | NotificationKind::Imported
        | NotificationKind::Left
        | NotificationKind::AnswerTakenBack => {
            return Ok(());
        }
        // The deletion was taken back before its push was sent.
        NotificationKind::Deleting => {
            return if now.is_closed { Ok(()) } else { Err(Cancelled::Superseded) };
        }
        _ if now.is_closed => return Err(Cancelled::Left),
        _ => {}
    }
    match kind {
        NotificationKind::Question | NotificationKind::Reminder | NotificationKind::Nudge => {
            if now.has_answered {
                return Err(Cancelled::Answered);
            }
            if !now.is_open || now.is_superseded {
                return Err(Cancelled::Superseded);
            }
            if now.is_paused && kind != NotificationKind::Question { Err(Cancelled::Paused) } else { Ok(()) }
        }
        NotificationKind::StillWaiting => {
            if now.other_has_answered {
                return Err(Cancelled::Answered);
            }
            if !now.is_open {
                return Err(Cancelled::Superseded);
            }
            if now.is_paused { Err(Cancelled::Paused) } else { Ok(()) }
        }
        NotificationKind::Answered => {
            if now.has_answered {
                Err(Cancelled::Answered)
            } else {
                Ok(())
            }
        }
        NotificationKind::CardOpened | NotificationKind::Joined | NotificationKind::CameBack => Ok(()),
        NotificationKind::TimeChanged => {
            if now.is_superseded {
                Err(Cancelled::Superseded)
            } else {
                Ok(())
            }
        }
        NotificationKind::Paused => {
            if now.is_superseded || !now.is_paused {
                Err(Cancelled::Superseded)
            } else {
                Ok(())
            }
        }
        NotificationKind::Resumed => {
            if now.is_superseded || now.is_paused {
                Err(Cancelled::Superseded)
            } else {
                Ok(())
            }
        }
        NotificationKind::Left
        | NotificationKind::Deleting
        | NotificationKind::AnswerTakenBack
        | NotificationKind::Imported
        | NotificationKind::RecoveryUsed
        | NotificationKind::RecoveryRenewed
        | NotificationKind::RecoveryAsked
        | NotificationKind::SeatAsked
        | NotificationKind::SeatJoined
        | NotificationKind::SeatRefused
        | NotificationKind::SeatMoved
        | NotificationKind::SeatOpened
        | NotificationKind::WayInAdded
        | NotificationKind::WayInRemoved
        | NotificationKind::WayInUsed
        | NotificationKind::PasskeyCopied
        | NotificationKind::ProofAsked
        | NotificationKind::HandedOver
        | NotificationKind::StaleToken
        | NotificationKind::Test
        | NotificationKind::Announcement => Ok(()),
    }
}
