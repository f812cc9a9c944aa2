//! The copy that a person keeps of their pairs (docs/KEEPSAKES.md). It is made while it is sent: whoever asks for the
//! next bytes makes the next piece, so that a slow reader holds neither a connection to the database nor a thread.
//!
//! A copy is consistent although each piece is read in a transaction of its own: everything that may still change is
//! read once, at the beginning, and a card that has opened is final (R22). Only an answer that its author takes back
//! meanwhile is missing in the pieces after that.
//! Rules R22, R25, R54.

use std::collections::VecDeque;

use serde_json::json;

use super::{
    ServiceError,
    kept_pairs::{self, Kept},
    reader::Reader,
};
use crate::{
    domain::{LocalDate, Locale, Millis, PairId},
    server::{
        calendar::Zone,
        keepsake::{
            FIXED, Zipped, ZippedError,
            archive::{FORMAT, VERSION},
            pages::{self, Style},
            script,
        },
        state::AppState,
        storage::installation,
    },
};

/// Cards that are read and written at once.
const PIECE: i64 = 20;
/// Bytes from which on a piece is sent.
const CHUNK: usize = 16 * 1024;

/// The files that hold cards.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Page,
    Script,
    Data,
}

impl Part {
    /// A part of the JSON, as this file holds it.
    fn of_json(self, json: String) -> String {
        if self == Self::Script { script::part(&json) } else { json }
    }
}

enum Step {
    Begin(Part),
    Head(Part, usize),
    /// The cards from this number on.
    Cards(Part, usize, i64),
    Foot(Part, usize),
    End(Part),
    Fixed(usize),
    Finish,
}

/// A copy that is being made.
pub struct Keepsake {
    /// The person's local date at the beginning.
    pub made_on: LocalDate,
    state: AppState,
    locale: Locale,
    kept: Vec<Kept>,
    steps: VecDeque<Step>,
    zipped: Zipped,
}

impl From<ZippedError> for ServiceError {
    fn from(error: ZippedError) -> Self {
        tracing::error!(%error, "a copy failed");
        Self::Broken("a copy could not be zipped")
    }
}

/// What is remembered of the operator's backups.
pub struct Backups {
    /// When the last one was made.
    pub made_at: Option<Millis>,
    /// When the last one was made that was restored and compared.
    pub verified_at: Option<Millis>,
}

pub async fn backups(state: &AppState) -> Result<Backups, ServiceError> {
    let mut tx = state.database.read().await?;
    let (made_at, verified_at) = installation::lookup_backups(&mut tx).await?;
    Ok(Backups { made_at, verified_at })
}

/// Begins a copy of one pair of the person, or of all.
pub async fn begin(state: &AppState, reader: &Reader, only: Option<PairId>) -> Result<Keepsake, ServiceError> {
    let mut tx = state.database.read().await?;
    let locale = reader.person.locale;
    let kept = kept_pairs::find(&mut tx, reader, only).await?;
    let steps = steps(&kept);
    let made_on = Zone::stored(&reader.person.zone).date(state.clock.now());
    Ok(Keepsake { made_on, state: state.clone(), locale, kept, steps, zipped: Zipped::default() })
}

fn steps(kept: &[Kept]) -> VecDeque<Step> {
    let mut steps = VecDeque::new();
    for part in [Part::Page, Part::Script, Part::Data] {
        steps.push_back(Step::Begin(part));
        for (at, of) in kept.iter().enumerate() {
            steps.push_back(Step::Head(part, at));
            steps.extend((1..=of.cards).step_by(PIECE as usize).map(|first| Step::Cards(part, at, first)));
            steps.push_back(Step::Foot(part, at));
        }
        steps.push_back(Step::End(part));
    }
    steps.extend((0..FIXED.len()).map(Step::Fixed));
    steps.push_back(Step::Finish);
    steps
}

impl Keepsake {
    /// The next bytes of the zip; `None` after the last.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ServiceError> {
        while self.zipped.waiting() < CHUNK {
            let Some(step) = self.steps.pop_front() else { break };
            self.take(step).await?;
        }
        let bytes = self.zipped.take();
        Ok((!bytes.is_empty()).then_some(bytes))
    }

    async fn take(&mut self, step: Step) -> Result<(), ServiceError> {
        let style = Style::of(self.locale);
        match step {
            Step::Begin(part) => {
                let (name, text) = match part {
                    Part::Page => ("index.html", pages::beginning(&style)),
                    Part::Script => {
                        ("data/archive.js", format!("{}{}", script::BEGINNING, script::part(&self.document())))
                    }
                    Part::Data => ("archive.json", self.document()),
                };
                self.zipped.begin(name)?;
                self.zipped.add(&text)?;
            }
            Step::Head(part, at) => {
                let of = &self.kept[at];
                let text = match part {
                    Part::Page => pages::pair(&style, &of.pair, of.role, of.cards),
                    Part::Script | Part::Data => {
                        let comma = if at == 0 { "" } else { "," };
                        let (head, _) = of.json(&of.read_fields(&self.state).await?)?;
                        part.of_json(format!("{comma}\n{},\"cards\":[", head.strip_suffix('}').unwrap_or(&head)))
                    }
                };
                self.zipped.add(&text)?;
            }
            Step::Cards(part, at, first) => {
                let of = &self.kept[at];
                let last = (first + PIECE - 1).min(of.cards);
                let entries = of.read_cards(&self.state, self.locale, (first, last)).await?;
                for card in &entries {
                    let entry = &card.entry;
                    let text = match part {
                        Part::Page => pages::card(&style, &of.pair, of.role, entry),
                        Part::Script | Part::Data => {
                            let comma = if entry.card == Some(1) { "" } else { "," };
                            part.of_json(format!("{comma}\n{}", card.json()?))
                        }
                    };
                    self.zipped.add(&text)?;
                }
            }
            Step::Foot(part, at) => {
                let of = &self.kept[at];
                let text = match part {
                    Part::Page => pages::pair_end(&style, &of.pair, of.role, &of.unopened_entries()),
                    Part::Script | Part::Data => {
                        part.of_json(format!("]{}}}", of.json(&of.read_fields(&self.state).await?)?.1))
                    }
                };
                self.zipped.add(&text)?;
            }
            Step::End(part) => {
                let text = match part {
                    Part::Page => pages::end().to_owned(),
                    Part::Script | Part::Data => {
                        let fields = kept_pairs::document_fields(&self.state, &self.kept).await?;
                        let end = if matches!(part, Part::Script) { script::END } else { "" };
                        format!("{}{end}", part.of_json(format!("]{fields}}}\n")))
                    }
                };
                self.zipped.add(&text)?;
            }
            Step::Fixed(at) => {
                let (name, text) = FIXED[at];
                self.zipped.begin(name)?;
                self.zipped.add(text)?;
            }
            Step::Finish => self.zipped.finish()?,
        }
        Ok(())
    }

    /// The beginning of `archive.json`, up to the first pair.
    fn document(&self) -> String {
        format!(
            "{{\"format\":{},\"version\":{VERSION},\"language\":{},\"pairs\":[",
            json!(FORMAT),
            json!(self.locale.tag())
        )
    }
}
