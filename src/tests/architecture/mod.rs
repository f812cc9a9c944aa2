//! The architecture test: it reads every source file and fails with the sentence that was broken. `source` and
//! `declared` read, `modules` has the tables of the module map, `graph` finds files that use one another in a circle,
//! `places`, `endpoints` and `looks` have the rules for the code, and `documents` those for what documents and comments
//! cite. Tests (`src/tests`, `*_tests`, `mod tests`) and benchmarks (`src/bench`) are not part of the module map.

mod declared;
mod documents;
mod endpoints;
mod graph;
mod looks;
mod modules;
mod places;
mod source;

use std::path::PathBuf;

pub use endpoints::ENDPOINTS;
use source::{Source, sources};

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Fails with everything that was broken.
fn hold(broken: Vec<String>) {
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}

/// Runs a rule over the files of the app.
fn keep(rule: impl Fn(&Source, &mut Vec<String>)) {
    let mut broken = Vec::new();
    for source in sources() {
        rule(source, &mut broken);
    }
    hold(broken);
}
