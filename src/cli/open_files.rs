//! The limit of open files of this process. Every open page needs one file.

/// The number of open files that needs no warning: 10,000 open pages, the connections of the proxy, and a reserve.
const ENOUGH: u64 = 20_000;

/// The number of files for other uses than client connections: the database, sockets to push services, and so on.
const OTHERS: u64 = 256;

/// Raises the limit as far as the system allows, and warns if the new limit is low. Returns how many of the `wanted`
/// connections may be open.
pub fn raise_limit(wanted: u32) -> usize {
    let allowed = match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit < ENOUGH => {
            tracing::warn!(
                limit,
                "few files may be open at once, and every open page is one: raise the hard limit (LimitNOFILE= of the \
                 unit) to {ENOUGH} or more"
            );
            limit
        }
        Ok(limit) => limit,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files could not be raised; every open page is one");
            u64::MAX
        }
    };
    connections(wanted, allowed)
}

/// The number of connections that `files` open files allow: all but `OTHERS`, and half of them if there are few.
fn connections(wanted: u32, files: u64) -> usize {
    let most = files.saturating_sub(OTHERS.min(files / 2)).max(1);
    usize::try_from(most.min(wanted.into())).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_the_rest() {
        for (wanted, files, expected) in [
            (20_000, 1_048_576, 20_000),
            (20_000, 20_000, 19_744),
            (20_000, 1_024, 768),
            (20_000, 100, 50),
            (20_000, 0, 1),
            (7, u64::MAX, 7),
        ] {
            assert_eq!(connections(wanted, files), expected, "{wanted} of {files}");
        }
    }
}
