//! The peers of the page benchmark: nginx with a static file, a bare axum handler, and the load generator `wrk`.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use axum::{Router, response::Html, routing::get};

/// Checks that the tools from Debian packages are installed. The error names the missing ones in one line.
pub fn check_tools() -> Result<(), String> {
    let missing: Vec<&str> = [("wrk", "wrk"), ("nginx", "nginx-light")]
        .into_iter()
        .filter(|(tool, _)| find(tool).is_none())
        .map(|(_, package)| package)
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("install the Debian packages {}", missing.join(" and "))) }
}

fn find(tool: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/bin".into()])
        .map(|folder| folder.join(tool))
        .find(|file| file.is_file())
}

/// Describes the machine on which the numbers were measured.
pub fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown CPU", |rest| rest.trim_start_matches([':', '\t', ' ']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores, {model}")
}

/// Returns the peak memory of a process (`self` or a process id) in MiB (`VmHWM`).
pub fn peak_mib(process: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1_024.0
}

pub struct Measured {
    pub per_second: f64,
    pub p99_ms: f64,
}

/// Runs `wrk` and parses its output.
pub fn wrk(url: &str, cookie: &str, seconds: u64) -> Result<Measured, String> {
    let tool = find("wrk").ok_or("wrk is missing")?;
    let mut command = Command::new(tool);
    command.args(["-t1", "-c32", &format!("-d{seconds}s"), "--latency", "-H", "Accept: text/html"]);
    if !cookie.is_empty() {
        command.args(["-H", &format!("Cookie: {cookie}")]);
    }
    let output = command.arg(url).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.contains("Non-2xx") {
        return Err(format!("{url} was answered with errors"));
    }
    let word_after =
        |mark: &str| text.lines().find_map(|line| line.trim().strip_prefix(mark)).map(|rest| rest.trim().to_owned());
    let per_second =
        word_after("Requests/sec:").and_then(|word| word.parse().ok()).ok_or_else(|| format!("wrk said:\n{text}"))?;
    let p99_ms = word_after("99%").and_then(|word| milliseconds(&word)).ok_or_else(|| format!("wrk said:\n{text}"))?;
    Ok(Measured { per_second, p99_ms })
}

fn milliseconds(word: &str) -> Option<f64> {
    for (unit, factor) in [("us", 0.001), ("ms", 1.0), ("s", 1_000.0)] {
        if let Some(number) = word.strip_suffix(unit) {
            return number.parse::<f64>().ok().map(|number| number * factor);
        }
    }
    None
}

/// Serves the same bytes from a handler that does nothing else. Returns the port.
pub async fn bare_axum(html: String) -> Result<u16, String> {
    let listener = umbba::http::serve::listen(([127, 0, 0, 1], 0).into()).map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    let app = Router::new().route("/", get(move || async move { Html(html) }));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(port)
}

/// A private nginx process. Dropping the value stops the process.
pub struct Nginx {
    pub port: u16,
    process: Child,
}

impl Nginx {
    /// Starts nginx with a page as a static file.
    pub fn start(folder: &Path, html: &str) -> Result<Self, String> {
        let root = folder.join("nginx");
        std::fs::create_dir_all(&root).map_err(|error| error.to_string())?;
        std::fs::write(root.join("page.html"), html).map_err(|error| error.to_string())?;
        Self::launch(&root, "", 1024, &format!("root {};", root.display()))
    }

    /// Starts nginx with one worker. `top` is added at the top level of the configuration, `server` in its server
    /// block.
    pub fn launch(root: &Path, top: &str, connections: usize, server: &str) -> Result<Self, String> {
        let said = |error: std::io::Error| error.to_string();
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_err(said)?.port();
        let file = root.join("nginx.conf");
        let root = root.display();
        let user = if std::env::var("USER").is_ok_and(|user| user != "root") { "" } else { "user root;" };
        let config = format!(
            "{user} {top} worker_processes 1; daemon off; pid {root}/pid; error_log {root}/error.log;
             events {{ worker_connections {connections}; }}
             http {{ access_log off; keepalive_requests 1000000; server {{
             listen 127.0.0.1:{port} backlog=4096; {server} }} }}"
        );
        std::fs::write(&file, config).map_err(said)?;
        let tool = find("nginx").ok_or("nginx is missing")?;
        let process = Command::new(tool).arg("-c").arg(&file).stderr(Stdio::null()).spawn().map_err(said)?;
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(Self { port, process });
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        Err("nginx did not start".into())
    }

    pub fn number(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
