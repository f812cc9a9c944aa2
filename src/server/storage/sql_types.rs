//! How the types of the domain are stored: the column type of each, and how its values are written and read.
//!
//! A value that cannot be read makes its row inconsistent (`read`). A word of a later release reads as the neutral
//! value of its type where the type has one; elsewhere `Known` reads it as `None`.

use serde_json::{from_str, to_string};
use sqlx::{Column, ColumnIndex, Database, Decode, Error, FromRow, Row, Type, error::BoxDynError};

use super::StorageError;
use crate::domain::{
    AnnouncementId, AnswerBody, ApnsEnvironment, Cancelled, DailyQuestionId, EventKind, FcmAct, HandOverId,
    HandOverStage, IdentityId, InvitationId, LocalDate, Locale, Millis, Muted, NotificationId, NotificationKind,
    PairId, PasskeyId, PersonId, PersonName, ProofRequestId, ProofStage, Provider, PushTime, QuestionKey, Role,
    Section, SessionId, SubmissionId, SubscriptionId, TextSize, Wordings, ZoneName,
};

/// A stored word that is none of its list.
#[derive(Debug, thiserror::Error)]
#[error("not a word of its list")]
struct UnknownWord;

/// A truth value: `BIGINT` 0 or 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flag(pub bool);

/// A word that a later release may have added; `None` when this release does not know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known<T>(pub Option<T>);

/// The part of a row that an outer join found; `None` when its key is NULL.
pub(super) struct Joined<T>(pub Option<T>);

/// A part of a row with the column that is its key.
pub(super) trait Keyed {
    const KEY: &'static str;
}

impl<'r, R, T> FromRow<'r, R> for Joined<T>
where
    R: Row,
    T: FromRow<'r, R> + Keyed,
    &'static str: ColumnIndex<R>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, Error> {
        let id = row.try_get::<Option<String>, _>(T::KEY)?;
        Ok(Self(id.map(|_| T::from_row(row)).transpose()?))
    }
}

/// Makes a type that is written as `$stored`.
macro_rules! written_as {
    ($stored:ty, $type:ty, $write:expr) => {
        impl<DB: sqlx::Database> sqlx::Type<DB> for $type
        where
            $stored: sqlx::Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <$stored>::type_info()
            }

            fn compatible(column: &DB::TypeInfo) -> bool {
                <$stored>::compatible(column)
            }
        }

        impl<'q, DB: sqlx::Database> sqlx::Encode<'q, DB> for $type
        where
            $stored: sqlx::Encode<'q, DB>,
        {
            fn encode_by_ref(
                &self,
                buffer: &mut DB::ArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                let write: fn(&$type) -> $stored = $write;
                write(self).encode(buffer)
            }
        }
    };
}

pub(super) use written_as;

/// Makes a type that is written and read as `$stored`.
macro_rules! stored_as {
    ($stored:ty, $type:ty, $write:expr, $read:expr) => {
        written_as!($stored, $type, $write);

        impl<'r, DB: Database> Decode<'r, DB> for $type
        where
            $stored: Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                let read: fn($stored) -> Result<$type, BoxDynError> = $read;
                read(<$stored>::decode(value)?)
            }
        }
    };
}

macro_rules! stored_as_text {
    ($($type:ty),* $(,)?) => {
        $(stored_as!(String, $type, |value| value.to_string(), |text| Ok(text.parse()?));)*
    };
}

stored_as_text!(
    AnnouncementId,
    PersonId,
    PairId,
    DailyQuestionId,
    SessionId,
    InvitationId,
    HandOverId,
    IdentityId,
    NotificationId,
    PasskeyId,
    ProofRequestId,
    SubmissionId,
    SubscriptionId,
    LocalDate,
);

stored_as!(i64, Flag, |flag| i64::from(flag.0), |number| Ok(Flag(number != 0)));
stored_as!(i64, Millis, |at| at.0, |at| Ok(Millis(at)));
stored_as!(i64, PushTime, |time| time.minute(), |minute| Ok(PushTime::from_minute(minute)?));

stored_as!(String, ZoneName, |zone| zone.as_str().to_owned(), |name| Ok(ZoneName::parse(&name)?));
stored_as!(String, PersonName, |name| name.as_str().to_owned(), |name| Ok(PersonName::from_stored(name)));
stored_as!(String, AnswerBody, |body| body.as_str().to_owned(), |body| Ok(AnswerBody::from_stored(body)));
stored_as!(String, QuestionKey, |key| key.0.clone(), |key| Ok(QuestionKey(key)));
stored_as!(String, Wordings, |both| to_string(both).unwrap_or_default(), |json| Ok(from_str(&json)?));

stored_as!(String, Role, |role| role.word().to_owned(), |word| Ok(Role::from_word(&word).ok_or(UnknownWord)?));
stored_as!(String, NotificationKind, |kind| kind.word().to_owned(), |word| {
    Ok(NotificationKind::from_word(&word).ok_or(UnknownWord)?)
});
stored_as!(String, FcmAct, |act| act.word().to_owned(), |word| Ok(FcmAct::from_word(&word).ok_or(UnknownWord)?));
stored_as!(String, EventKind, |kind| kind.word().to_owned(), |word| Ok(EventKind::from_stored(&word)));
stored_as!(String, Locale, |locale| locale.tag().to_owned(), |tag| Ok(Locale::from_stored(&tag)));
stored_as!(String, TextSize, |size| size.word().to_owned(), |word| Ok(TextSize::from_stored(&word)));
stored_as!(String, Section, |section| section.word().to_owned(), |word| Ok(Section::from_stored(&word)));
stored_as!(String, Provider, |provider| provider.word().to_owned(), |word| Ok(Provider::from_stored(&word)));
stored_as!(String, ApnsEnvironment, |environment| environment.word().to_owned(), |word| {
    Ok(ApnsEnvironment::from_stored(&word))
});
stored_as!(String, ProofStage, |stage| stage.word().to_owned(), |word| Ok(ProofStage::from_stored(&word)));
stored_as!(String, HandOverStage, |stage| stage.word().to_owned(), |word| Ok(HandOverStage::from_stored(&word)));

written_as!(String, Cancelled, |reason| reason.word().to_owned());

impl<DB: Database> Type<DB> for Muted
where
    String: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        String::type_info()
    }

    fn compatible(column: &DB::TypeInfo) -> bool {
        String::compatible(column)
    }
}

/// `Muted` is only read like this: it is written over the earlier value (`Muted::to_stored`).
impl<'r, DB: Database> Decode<'r, DB> for Muted
where
    String: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self::from_stored(&String::decode(value)?))
    }
}

impl<DB: Database, T: Type<DB>> Type<DB> for Known<T> {
    fn type_info() -> DB::TypeInfo {
        T::type_info()
    }

    fn compatible(column: &DB::TypeInfo) -> bool {
        T::compatible(column)
    }
}

impl<'r, DB: Database, T: Decode<'r, DB>> Decode<'r, DB> for Known<T> {
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(T::decode(value).ok()))
    }
}

/// Reads a row of `table`. A value that cannot be read is `StorageError::Inconsistent`, inside the error of the driver.
/// The row's first column names the row.
pub(super) fn read<'r, T, R>(row: &'r R, table: &'static str) -> Result<T, Error>
where
    R: Row,
    T: FromRow<'r, R>,
    usize: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
{
    T::from_row(row).map_err(|error| match error {
        Error::ColumnDecode { index, .. } => {
            // The driver writes the name of a column in quotes, and the place of a column as a number.
            let named = index.parse::<usize>().ok().and_then(|at| row.columns().get(at));
            let column = named.map_or_else(|| index.trim_matches('"').to_owned(), |column| column.name().to_owned());
            let number = |_| row.try_get::<i64, _>(0).map(|number| number.to_string());
            let id = row.try_get::<String, _>(0).or_else(number).unwrap_or_default();
            Error::Decode(Box::new(StorageError::Inconsistent { table, id, column }))
        }
        error => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::storage::{Database, Opening, macros};

    #[derive(Debug, FromRow)]
    struct Named {
        id: PersonId,
        zone: ZoneName,
    }

    async fn read_one(zone: &str) -> Result<Named, StorageError> {
        let database = Database::open("sqlite::memory:", Opening::AsIs).await.expect("a database in memory");
        let mut tx = database.begin().await.expect("a transaction");
        macros::fetch_one!(&mut tx, "persons" as Named, "SELECT $1 AS id, $2 AS zone", PersonId(7), zone)
    }

    #[tokio::test]
    async fn a_value_that_cannot_be_read_is_named_by_table_row_and_column() {
        let read = read_one("Asia/Seoul").await.expect("a row");
        assert_eq!((read.id, read.zone.as_str()), (PersonId(7), "Asia/Seoul"));

        let error = read_one("no zone").await.expect_err("no zone has this name");
        assert_eq!(error.to_string(), format!("inconsistent row in persons ({}): zone", PersonId(7)));
    }

    #[tokio::test]
    async fn a_column_of_a_tuple_is_named_as_well() {
        let database = Database::open("sqlite::memory:", Opening::AsIs).await.expect("a database in memory");
        let mut tx = database.begin().await.expect("a transaction");
        let sql = "SELECT CAST(5 AS BIGINT) AS seq, 'x' AS pair_id";
        let read = macros::fetch_all!(&mut tx, "events" as (i64, PairId), sql);
        assert_eq!(read.expect_err("no id").to_string(), "inconsistent row in events (5): pair_id");
    }

    #[tokio::test]
    async fn a_word_of_a_later_release_is_known_to_be_unknown() {
        let database = Database::open("sqlite::memory:", Opening::AsIs).await.expect("a database in memory");
        let mut tx = database.begin().await.expect("a transaction");
        let sql = "SELECT 'photo_added', 'nudge'";
        let (later, known) =
            macros::fetch_one!(&mut tx, "notifications" as (Known<NotificationKind>, Known<NotificationKind>), sql)
                .expect("a row");
        assert_eq!((later.0, known.0), (None, Some(NotificationKind::Nudge)));
    }
}
