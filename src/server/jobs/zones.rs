//! Stores the last known offset of every stored zone, and reports names that no database knows to the operator. It
//! looks at the start, before anything is due in a zone that this release or this system has lost, and then every hour.
//! Rule R7.

use crate::{
    domain::{Millis, ZoneName},
    server::{calendar::Zone, services::ServiceError, state::AppState, storage::zones},
};

const EVERY_MS: i64 = Millis::HOUR;
/// Most pairs and persons named in the log.
const NAMED: i64 = 20;

/// Updates the offsets. Returns the names that no database knows.
pub async fn look(state: &AppState) -> Result<Vec<ZoneName>, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    let (mut moved, mut lost) = (Vec::new(), Vec::new());
    for (holder, name, has_other) in
        zones::find_all(&mut tx, |name| Zone::of(name).ok().map(|zone| zone.offset_s(now))).await?
    {
        match Zone::of(&name) {
            Ok(zone) if has_other => moved.push((holder, name, zone.offset_s(now))),
            Ok(_) => {}
            Err(_) => {
                let ids = zones::find_holders(&mut tx, holder, &name, NAMED).await?;
                let (who, zone) = (holder.word(), name.as_str());
                tracing::error!(
                    who,
                    ?ids,
                    zone,
                    "a stored time zone is in no database: its last known offset is used, without summer time"
                );
                lost.push(name);
            }
        }
    }
    drop(tx);
    for (holder, name, offset_s) in moved {
        let mut tx = state.database.begin().await?;
        zones::update_offset(&mut tx, holder, &name, offset_s).await?;
        tx.commit().await?;
    }
    Ok(lost)
}

pub async fn run(state: AppState) {
    let ending = state.lifecycle.ending();
    loop {
        if let Err(error) = look(&state).await {
            tracing::error!(%error, "the stored time zones could not be looked at");
        }
        let next = state.clock.moment().plus(EVERY_MS);
        tokio::select! {
            () = state.clock.sleep_until_moment(next) => {}
            () = ending.cancelled() => return,
        }
    }
}
