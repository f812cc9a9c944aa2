//! The number of a person's unread entries as part of a statement, as `entries::count_unread` counts them.

use std::sync::LazyLock;

use crate::domain::NotificationKind;

/// `$kinds` is the placeholder of `kinds()`.
macro_rules! count {
    ($person:literal, $kinds:literal) => {
        concat!(
            "(SELECT COUNT(*) FROM notifications n WHERE n.person_id = ",
            $person,
            " AND n.read_at IS NULL AND replace(",
            $kinds,
            ", ' ' || n.kind || ' ', '') <> ",
            $kinds,
            ")"
        )
    };
}

pub(super) use count;

/// The kinds of entries that are counted: those of a later release are not.
pub(super) fn kinds() -> &'static str {
    static KINDS: LazyLock<String> =
        LazyLock::new(|| format!(" {} ", NotificationKind::ALL.map(NotificationKind::word).join("  ")));
    &KINDS
}
