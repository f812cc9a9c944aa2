//! Prints the rows as a Markdown table with aligned columns.

use super::row::Row;

const HEAD: [&str; 10] = [
    "server, transport",
    "members",
    "KiB a connection",
    "bytes an event",
    "bytes an idle minute",
    "idle, % of a core",
    "CPU ms an event",
    "p50 ms",
    "p99 ms",
    "lost, doubled, astray",
];

pub fn markdown(rows: &[Row]) -> String {
    let mut lines = vec![HEAD.map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    let widths: Vec<usize> =
        (0..HEAD.len()).map(|at| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or(0)).collect();
    // Text is aligned left, numbers right.
    let rule: Vec<String> = widths
        .iter()
        .enumerate()
        .map(|(at, width)| if at == 0 { "-".repeat(*width) } else { "-".repeat(width - 1) + ":" })
        .collect();
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        let padded = line.iter().zip(&widths).enumerate();
        let padded: Vec<String> = padded
            .map(
                |(column, (cell, width))| {
                    if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
                },
            )
            .collect();
        text.push_str(&format!("| {} |\n", padded.join(" | ")));
        if at == 0 {
            text.push_str(&format!("| {} |\n", rule.join(" | ")));
        }
    }
    for row in rows {
        for note in &row.notes {
            text.push_str(&format!("\n{}, {} members: {note}.\n", row.name, row.members));
        }
    }
    text
}

fn cells(row: &Row) -> [String; 10] {
    [
        row.name.clone(),
        row.members.to_string(),
        format!("{:.1}", row.memory_kib),
        format!("{:.0}", row.event_bytes),
        row.idle.as_ref().map_or("–".into(), |idle| format!("{:.0}", idle.bytes_a_minute)),
        row.idle.as_ref().map_or("–".into(), |idle| format!("{:.1}", idle.cpu * 100.0)),
        format!("{:.2}", row.event_cpu_ms),
        format!("{:.1}", row.p50_ms),
        format!("{:.1}", row.p99_ms),
        format!("{}, {}, {}", row.lost, row.doubled, row.astray),
    ]
}
