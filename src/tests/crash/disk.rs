//! A disk with faults, for one process: `faults.c`, preloaded.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use super::node::{Data, Node, umbba};

pub struct Disk {
    library: PathBuf,
    /// A file in it switches a fault on.
    switches: PathBuf,
    data: PathBuf,
}

impl Disk {
    /// Compiles the library into the data folder.
    pub fn new(data: &Data) -> Self {
        let (library, switches) = (data.folder.join("faults.so"), data.folder.join("faults"));
        fs::create_dir(&switches).expect("a folder");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/crash/faults.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).args([source, "-ldl"]);
        assert!(compiler.status().expect("a C compiler").success());
        Self { library, switches, data: data.folder.clone() }
    }

    /// A `serve` command on this disk.
    pub fn serve(&self, data: &Data, push_host: &str) -> Command {
        let mut command = umbba(data, push_host);
        command.env("LD_PRELOAD", &self.library).env("FAULTS", &self.switches).env("FAULTS_UNDER", &self.data);
        command.args(["serve", "--listen-addr", "127.0.0.1:0"]);
        command
    }

    pub async fn start(&self, data: &Data, push_host: &str) -> Node {
        Node::run(self.serve(data, push_host), &data.folder).await
    }

    /// No flush to the disk ends until `work_again`.
    pub fn hold(&self) {
        fs::write(self.switches.join("hold"), "").expect("a switch");
    }

    /// Every flush to the disk takes this much longer.
    pub fn slow_down(&self, by: Duration) {
        fs::write(self.switches.join("slow"), by.as_millis().to_string()).expect("a switch");
    }

    /// Nothing in the data folder can be written, as after an error that made the kernel mount it read-only.
    pub fn make_read_only(&self) {
        fs::write(self.switches.join("read-only"), "").expect("a switch");
    }

    pub fn work_again(&self) {
        for switch in ["hold", "slow", "read-only"] {
            let _ = fs::remove_file(self.switches.join(switch));
        }
    }
}
