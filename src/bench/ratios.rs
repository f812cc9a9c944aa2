//! Our figures divided by those of the peers of the same run. Such a ratio depends on the machine far less than the
//! figures themselves, so that a run can be compared with an earlier one. It still depends on the processor: the same
//! release sends 39 times as many messages to FCM as its peer on an AMD EPYC, and 58 times as many on an Intel Xeon.
//! `ratios.toml` holds, for each maker, the ratios of the run that was accepted last.

use std::path::Path;

/// A ratio that is worse than the committed one by more than this is said in red.
const TOLERATED: f64 = 0.2;
const COMMITTED: &str = include_str!("ratios.toml");
/// The file with the ratios of this run.
const WRITTEN: &str = "target/bench-ratios.toml";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    Higher,
    Lower,
}

/// One ratio: ours divided by a peer's.
#[derive(Debug, Clone)]
pub struct Ratio {
    name: String,
    value: f64,
    better: Better,
}

impl Ratio {
    /// `None` when the peer measured nothing.
    pub fn of(name: impl Into<String>, ours: f64, peer: f64, better: Better) -> Option<Self> {
        let value = ours / peer;
        (value.is_finite() && value > 0.0).then(|| Self { name: name.into(), value, better })
    }

    /// How much worse than `committed`, as a share of it; negative when it is better.
    fn worse_than(&self, committed: f64) -> f64 {
        match self.better {
            Better::Higher => 1.0 - self.value / committed,
            Better::Lower => self.value / committed - 1.0,
        }
    }
}

/// The committed ratios of a machine: those of the maker whose name is in its description.
fn committed(machine: &str) -> Result<toml::Table, String> {
    let all: toml::Table = toml::from_str(COMMITTED).map_err(|error| format!("ratios.toml: {error}"))?;
    let of_machine = all.into_iter().find(|(maker, _)| machine.contains(maker));
    Ok(of_machine.and_then(|(_, ratios)| ratios.as_table().cloned()).unwrap_or_default())
}

/// Prints the ratios beside the committed ones of the machine, and writes them to a file.
pub fn tell(found: &[Ratio], machine: &str) -> Result<(), String> {
    if found.is_empty() {
        return Ok(());
    }
    let committed = committed(machine)?;
    println!("\n{:<62} {:>9} {:>9}", "ours divided by the peer, same run", "now", "committed");
    let mut regressions = Vec::new();
    for ratio in found {
        let before = committed.get(&ratio.name).and_then(toml::Value::as_float);
        let shown = before.map_or("–".to_owned(), |before| format!("{before:.4}"));
        println!("{:<62} {:>9.4} {shown:>9}", ratio.name, ratio.value);
        let worse = before.map_or(0.0, |before| ratio.worse_than(before));
        if worse > TOLERATED {
            regressions.push(format!("{}: worse by {:.0} %", ratio.name, worse * 100.0));
        }
    }
    let lines = found.iter().map(|ratio| format!("{:?} = {:.4}\n", ratio.name, ratio.value));
    let written = Path::new(WRITTEN);
    std::fs::write(written, lines.collect::<String>()).map_err(|error| format!("{WRITTEN}: {error}"))?;
    if committed.is_empty() {
        println!("src/bench/ratios.toml has no ratios of this processor: add a table with the name of its maker");
    }
    println!(
        "written to {WRITTEN}: copy the lines over those of this processor in src/bench/ratios.toml to accept them"
    );
    for regression in regressions {
        println!("\x1b[31mRegression: {regression}\x1b[0m");
    }
    Ok(())
}
