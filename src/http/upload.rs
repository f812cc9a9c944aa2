//! `POST /keep/upload`: a copy that a person kept (docs/KEEPSAKES.md) becomes closed pairs of theirs. The form sends
//! the file as `multipart/form-data` (RFC 7578). It goes to a file without a name in `DATA_DIR`, so that a request
//! holds no copy in memory and a crash leaves none on the disk. Rule R196.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Seek},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    pin::{Pin, pin},
    time::Duration,
};

use axum::{
    Extension,
    extract::{
        ConnectInfo, Multipart, State,
        multipart::{Field, MultipartRejection},
    },
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use tokio::{io::AsyncWriteExt, time::Sleep};

use super::{
    listener::Peer,
    pages,
    turns::{NoTurn, Turns},
};
use crate::{
    api::ApiError,
    domain::PersonId,
    paths,
    request::Visitor,
    server::{
        budget::{Bucket, Spender},
        keepsake::reading::{self, CopyError},
        services::{
            guard,
            imports::{self, ImportError},
        },
        state::AppState,
    },
    text,
};

/// Most bytes of an uploaded file. Ten years of answers are about 7 MB before they are packed.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// How long an upload may take: 32 MiB at 1.5 Mbit/s.
const PATIENCE: Duration = Duration::from_secs(180);
/// The least that an upload brings within `Limits::upload`: 26 kbit/s. A slower one would hold its turn for nothing.
const LEAST_BYTES: usize = 64 * 1024;
/// How long the rest of a refused form is read, so that the browser shows the answer. A slow sender has longer
/// (`PATIENCE`): the rest takes no turn.
const DRAINED_FOR: Duration = Duration::from_secs(30);
/// Most bytes of a form that are read at all.
pub const MOST_READ: usize = 2 * MOST_BYTES;
/// Uploads at once in this process, each with one file and one thread while it is checked.
const AT_ONCE: usize = 2;
/// Of one person. The turn lasts until the copy is imported.
const OF_ONE_PERSON: usize = 1;

static TURNS: Turns = Turns::new(AT_ONCE, OF_ONE_PERSON);

pub async fn upload(
    State(state): State<AppState>,
    Extension(visitor): Extension<Visitor>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let Ok(mut form) = form else { return refuse(&visitor, ApiError::Malformed) };
    match take(&state, &visitor, peer.upload, &mut form).await {
        Ok(()) => Redirect::to(&paths::uploaded()).into_response(),
        Err(error) => {
            // A connection that is closed with bytes unread is reset, and then no browser shows the answer.
            let long = if error == ApiError::CopySlow { PATIENCE } else { DRAINED_FOR };
            let _ = tokio::time::timeout(long, drain(&mut form)).await;
            refuse(&visitor, error)
        }
    }
}

fn refuse(visitor: &Visitor, error: ApiError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let sentence = error.page_sentence(text::page_words(visitor.locale));
    let mut response = pages::refused(status, visitor.locale, sentence).into_response();
    if error == ApiError::TooMuch {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
    }
    response
}

/// Reads the rest of a form and drops it.
async fn drain(form: &mut Multipart) {
    while let Ok(Some(mut field)) = form.next_field().await {
        while let Ok(Some(_)) = field.chunk().await {}
    }
}

async fn take(state: &AppState, visitor: &Visitor, pace: Duration, form: &mut Multipart) -> Result<(), ApiError> {
    let found = visitor.session.as_ref().ok_or(ApiError::SignedOut)?;
    let (person, session) = (found.person.id, found.session.id);
    if !state.budget.take(Bucket::Write, Spender::Person(person), state.clock.moment()) {
        return Err(ApiError::TooMuch);
    }
    guard::refuse_full_disk(state)?;
    let turn = TURNS.take(person).map_err(|why| match why {
        NoTurn::ForAnybody => ApiError::CopyBusy,
        NoTurn::ForThisPerson => ApiError::TooMuch,
    })?;
    let receiving = tokio::time::timeout(PATIENCE, receive(state, person, pace, form));
    let file = receiving.await.unwrap_or(Err(ApiError::CopyBusy))?;
    // The work goes on when the browser goes away, and keeps its turn until its end.
    let reading = state.lifecycle.run_blocking(move || (reading::read(BufReader::new(file)), turn));
    let (copy, _turn) = reading.await.map_err(|_| ApiError::Broken)?;
    let copy = copy.map_err(of_copy)?;
    imports::import(state, person, Some(session), &copy).await.map_err(|error| match error {
        ImportError::Copy(error) => of_copy(error),
        ImportError::Here => ApiError::CopyHere,
        ImportError::TooMany => ApiError::CopyTooMany,
        ImportError::Nobody(_) => ApiError::SignedOut,
        ImportError::Service(error) => error.into(),
    })?;
    Ok(())
}

fn of_copy(error: CopyError) -> ApiError {
    match error {
        CopyError::TooLarge(_) | CopyError::TooMany | CopyError::Unknown | CopyError::Revisions => {
            ApiError::CopyTooLarge
        }
        CopyError::Pairs => ApiError::CopyTooMany,
        CopyError::Version(_) => ApiError::CopyVersion,
        _ => ApiError::CopyBroken,
    }
}

/// Reads the form to the end of its file. `whose` comes before the file and names the person that the page was drawn
/// for, as in every form (R87).
async fn receive(state: &AppState, person: PersonId, pace: Duration, form: &mut Multipart) -> Result<File, ApiError> {
    let mut is_theirs = false;
    // One time for all that comes before the file: its fields may be as small and as many as the sender likes.
    let mut over = pin!(tokio::time::sleep(pace));
    while let Some(mut field) = by(&mut over, form.next_field()).await?.map_err(|_| ApiError::Malformed)? {
        match field.name() {
            Some("whose") => {
                let (mut whose, person) = (Vec::new(), person.to_string());
                while let Some(bytes) = by(&mut over, field.chunk()).await?.map_err(|_| ApiError::Malformed)? {
                    if whose.len() + bytes.len() > person.len() {
                        return Err(ApiError::SignedOut);
                    }
                    whose.extend_from_slice(&bytes);
                }
                is_theirs = whose == person.as_bytes();
            }
            Some("copy") if is_theirs => return store(state, pace, field).await,
            Some("copy") => return Err(ApiError::SignedOut),
            _ => {}
        }
    }
    Err(ApiError::CopyBroken)
}

/// Waits for `reading` until `over`.
async fn by<T>(over: &mut Pin<&mut Sleep>, reading: impl Future<Output = T>) -> Result<T, ApiError> {
    tokio::select! {
        biased;
        read = reading => Ok(read),
        () = over.as_mut() => Err(ApiError::CopySlow),
    }
}

async fn store(state: &AppState, pace: Duration, mut field: Field<'_>) -> Result<File, ApiError> {
    let folder = state.site.builds.parent().unwrap_or(Path::new("."));
    let mark = format!("upload-{:032x}", u128::from_be_bytes(state.random.bytes()));
    let file = nameless(&folder.join(mark)).map_err(|error| {
        tracing::error!(%error, "an upload cannot be stored");
        ApiError::Unavailable
    })?;
    let mut file = tokio::fs::File::from_std(file);
    let mut left = MOST_BYTES;
    loop {
        // The sender is not slow when the disk is.
        let part = tokio::time::timeout(pace, read_part(&mut field, &mut left)).await;
        let part = part.map_err(|_| ApiError::CopySlow)??;
        if part.is_empty() {
            break;
        }
        file.write_all(&part).await.map_err(|_| ApiError::Unavailable)?;
    }
    file.flush().await.map_err(|_| ApiError::Unavailable)?;
    let mut file = file.into_std().await;
    file.rewind().map_err(|_| ApiError::Unavailable)?;
    Ok(file)
}

/// Reads the next `LEAST_BYTES` or a little more; fewer at the end of the file, and then nothing.
async fn read_part(field: &mut Field<'_>, left: &mut usize) -> Result<Vec<u8>, ApiError> {
    let mut part = Vec::new();
    while part.len() < LEAST_BYTES {
        let Some(bytes) = field.chunk().await.map_err(|_| ApiError::CopyBroken)? else { break };
        *left = left.checked_sub(bytes.len()).ok_or(ApiError::CopyTooLarge)?;
        part.extend_from_slice(&bytes);
    }
    Ok(part)
}

/// Opens a new file and removes its name, so that it goes when it is closed.
fn nameless(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
    fs::remove_file(path)?;
    Ok(file)
}
