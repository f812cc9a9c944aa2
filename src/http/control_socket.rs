//! A Unix socket in `DATA_DIR` that moves the manual clock and runs the jobs, for tests. It exists with `APP_ENV=test`
//! only, and is never reachable over HTTP. Each line is a command (`clock +7d`, `tick`, `sweep`) and gets one line
//! back.

use std::path::Path;

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};

use crate::{
    domain::Millis,
    server::{
        jobs::{housekeeping, outbox, scheduler},
        services::ServiceError,
        state::AppState,
    },
};

/// Listens until the process ends.
pub fn open(state: &AppState, data_dir: &Path) -> std::io::Result<()> {
    let file = data_dir.join("control.sock");
    let _ = std::fs::remove_file(&file);
    let listener = UnixListener::bind(&file)?;
    let (ending, state) = (state.lifecycle.ending(), state.clone());
    state.lifecycle.clone().spawn(async move {
        loop {
            tokio::select! {
                accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                    let _ = serve(&state, stream).await;
                },
                () = ending.cancelled() => break,
            }
        }
        let _ = std::fs::remove_file(&file);
    });
    Ok(())
}

async fn serve(state: &AppState, stream: UnixStream) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = match line.trim().split_once(' ') {
            Some(("clock", step)) => match parse_step(step) {
                Some(millis) => {
                    state.clock.advance(millis);
                    format!("ok {}\n", state.clock.now().0)
                }
                None => "error a step is like +90s, +5m, +3h or +7d\n".to_owned(),
            },
            None if line.trim() == "sweep" => match housekeeping::sweep(state).await {
                Ok(()) => "ok\n".to_owned(),
                Err(error) => format!("error {error}\n"),
            },
            None if line.trim() == "tick" => match tick(state).await {
                Ok(handled) => format!("ok {handled}\n"),
                Err(error) => format!("error {error}\n"),
            },
            _ => "error clock +STEP, tick or sweep\n".to_owned(),
        };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// Handles due pairs, then sends due deliveries. Returns the number of handled pairs.
async fn tick(state: &AppState) -> Result<usize, ServiceError> {
    let handled = scheduler::tick(state).await?;
    outbox::pass(state).await?;
    Ok(handled)
}

/// `+90s`, `+5m`, `+3h`, `+7d` in milliseconds.
fn parse_step(step: &str) -> Option<i64> {
    let step = step.strip_prefix('+')?;
    let (number, unit) = step.split_at_checked(step.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => Millis::SECOND,
        "m" => Millis::MINUTE,
        "h" => Millis::HOUR,
        "d" => Millis::DAY,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit)
}
