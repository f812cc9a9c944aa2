//! The measured servers, each in a process of its own, so that its memory and CPU time are measured alone.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use umbba::{http::serve, server::clock::Clock};

/// Linux counts CPU time in hundredths of a second (`USER_HZ`).
const TICKS: f64 = 100.0;

/// A process that runs this program as one of its servers. Dropping the value kills the process.
pub struct Again {
    pub port: u16,
    process: Child,
}

impl Again {
    /// Starts the process and waits until it prints its port, which means that it listens.
    pub fn start(words: &[&str]) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut process =
            Command::new(program).args(words).stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let stdout = process.stdout.take().ok_or("no output")?;
        let mut started = Self { port: 0, process };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).map_err(|error| error.to_string())?;
        started.port = line.trim().parse().map_err(|_| format!("{} did not start", words.join(" ")))?;
        Ok(started)
    }

    pub fn number(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Again {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs our server's process: the real app with sessions and SQLite. Of the background loops
/// only those of the open lines run, because otherwise a due minute could fall into the measurement.
pub async fn run_app(folder: &Path) -> Result<(), String> {
    raise_limit()?;
    let listener = serve::listen(([127, 0, 0, 1], 0).into()).map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let state = crate::state(folder, Clock::System, "", port).await?;
    println!("{port}");
    serve::start_telling(&state);
    serve::run(state, listener, folder).await;
    Ok(())
}

/// Raises the limit on open files for this process and its children. Returns the new limit.
pub fn raise_limit() -> Result<u64, String> {
    rlimit::increase_nofile_limit(u64::MAX).map_err(|error| error.to_string())
}

/// Returns a process and its child processes.
fn family(process: u32) -> Vec<u32> {
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    std::iter::once(process).chain(children.split_whitespace().filter_map(|word| word.parse().ok())).collect()
}

/// Returns the current memory of a server in KiB (`VmRSS`).
pub fn memory_kib(process: u32) -> f64 {
    let of = |process: u32| {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0)
    };
    family(process).into_iter().map(of).sum()
}

/// Returns the CPU time of a server, in user and in kernel mode.
pub fn cpu(process: u32) -> Duration {
    let of = |process: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The process name may contain spaces. After its closing parenthesis come the state and, as the 12th and 13th
        // fields, user and system time (proc_pid_stat(5)).
        let rest = stat.rsplit(')').next().unwrap_or_default().to_owned();
        rest.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<f64>().ok()).sum::<f64>()
    };
    Duration::from_secs_f64(family(process).into_iter().map(of).sum::<f64>() / TICKS)
}

/// Returns the CPU time of the whole machine and the stolen time.
pub fn machine_cpu() -> (Duration, Duration) {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = stat.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = first.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
    let at = |place: usize| ticks.get(place).copied().unwrap_or(0.0) / TICKS;
    // user, nice, system, idle, iowait, irq, softirq, steal (proc_stat(5))
    (Duration::from_secs_f64([0, 1, 2, 5, 6].into_iter().map(at).sum()), Duration::from_secs_f64(at(7)))
}
