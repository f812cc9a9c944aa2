//! The architecture test: it reads every source file and fails with a sentence for each broken rule. `source` and
//! `declared` read the files, `modules` has the tables of the module map, `graph` finds files that use one another in a
//! circle, `places`, `endpoints` and `looks` have the rules for the code, `documents` has those for references in
//! documents and comments, and `delivery` has those for `docs/DELIVERY.md`. Tests (`src/tests`, `*_tests`, `mod tests`)
//! and benchmarks (`src/bench`) are not part of the module map.

mod declared;
mod delivery;
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

/// Fails with all broken rules.
fn hold(broken: Vec<String>) {
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}

/// Checks a rule for each file of the app.
fn keep(rule: impl Fn(&Source, &mut Vec<String>)) {
    let mut broken = Vec::new();
    for source in sources() {
        rule(source, &mut broken);
    }
    hold(broken);
}
