//! The questions: six files of our own in the binary, and an operator's `DATA_DIR/catalogue/*.toml` beside them.
//! Rules R16, R18.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    sync::Arc,
};

use serde::Deserialize;

use crate::{
    domain::{
        FIRST_QUESTION_KEY, FREE_QUESTION_KEY, Question, QuestionKey, Section, Wording, Wordings, graphemes,
        has_forbidden,
    },
    text,
};

const EMBEDDED: [(&str, &str); 6] = [
    ("childhood.toml", include_str!("childhood.toml")),
    ("school.toml", include_str!("school.toml")),
    ("youth.toml", include_str!("youth.toml")),
    ("work_and_love.toml", include_str!("work_and_love.toml")),
    ("since_we_met.toml", include_str!("since_we_met.toml")),
    ("now_and_ahead.toml", include_str!("now_and_ahead.toml")),
];
const FREE: (&str, &str) = ("free.toml", include_str!("free.toml"));
/// A topic fits on one line of a phone.
pub const TOPIC_GRAPHEMES: usize = 12;
const WORDING_GRAPHEMES: usize = 160;

/// A catalogue file that cannot be used: `FILE:LINE: sentence`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct CatalogueError {
    pub file: String,
    pub line: usize,
    pub problem: String,
}

/// All questions in use. Clones share them.
#[derive(Debug, Clone)]
pub struct Catalogue {
    questions: Arc<Vec<Question>>,
    first: Arc<Question>,
    free: Arc<Question>,
}

impl Catalogue {
    /// The embedded questions and those of the operator's folder, if there is one.
    pub fn load(data_dir: &Path) -> Result<Self, CatalogueError> {
        let mut files: Vec<(String, String)> =
            EMBEDDED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let folder = data_dir.join("catalogue");
        if folder.is_dir() {
            let broken = |problem: std::io::Error| CatalogueError {
                file: folder.display().to_string(),
                line: 0,
                problem: problem.to_string(),
            };
            let mut own: Vec<_> =
                std::fs::read_dir(&folder).map_err(broken)?.filter_map(Result::ok).map(|entry| entry.path()).collect();
            own.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
            own.sort();
            for path in own {
                let text = std::fs::read_to_string(&path).map_err(|error| CatalogueError {
                    file: path.display().to_string(),
                    line: 1,
                    problem: error.to_string(),
                })?;
                files.push((path.display().to_string(), text));
            }
        }
        Self::from_files(&files)
    }

    fn from_files(files: &[(String, String)]) -> Result<Self, CatalogueError> {
        let mut seen = HashMap::new();
        let mut questions = Vec::new();
        for (name, text) in files {
            for (question, line) in parse(name, text)? {
                if let Some(earlier) = seen.insert(question.key.clone(), name.clone()) {
                    return Err(CatalogueError {
                        file: name.clone(),
                        line,
                        problem: format!("the key {} is already in {earlier}", question.key.0),
                    });
                }
                questions.push(question);
            }
        }
        let free = parse(FREE.0, FREE.1)?.remove(0).0;
        let first =
            questions.iter().find(|question| question.key.0 == FIRST_QUESTION_KEY).cloned().ok_or_else(|| {
                CatalogueError {
                    file: "childhood.toml".into(),
                    line: 1,
                    problem: format!("the first question of every pair, {FIRST_QUESTION_KEY}, is missing"),
                }
            })?;
        Ok(Self { questions: Arc::new(questions), first: Arc::new(first), free: Arc::new(free) })
    }

    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// The first question of every pair.
    pub fn first(&self) -> &Question {
        &self.first
    }

    /// The question of a pair that has had all others.
    pub fn free(&self) -> &Question {
        &self.free
    }

    /// Chooses the next question: one that was never asked to this pair, preferably of another section than the last
    /// one. `random` is any number. Returns the free question when nothing is left, and how many questions were left.
    pub fn choose(&self, asked: &BTreeSet<QuestionKey>, last: Option<Section>, random: u64) -> (&Question, usize) {
        let fresh: Vec<&Question> = self.questions.iter().filter(|question| !asked.contains(&question.key)).collect();
        let left = fresh.len();
        let elsewhere: Vec<&Question> =
            fresh.iter().copied().filter(|question| Some(question.section) != last).collect();
        let pool = if elsewhere.is_empty() { fresh } else { elsewhere };
        let count = pool.len().max(1) as u64;
        let question = pool.get((random % count) as usize).copied().unwrap_or(&self.free);
        (question, left)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    section: toml::Spanned<String>,
    #[serde(default)]
    question: Vec<toml::Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    key: String,
    #[serde(default)]
    tags: Vec<String>,
    ko: Wording,
    en: Wording,
}

fn parse(name: &str, text: &str) -> Result<Vec<(Question, usize)>, CatalogueError> {
    let line_of = |at: usize| text.get(..at).unwrap_or(text).matches('\n').count() + 1;
    let file: File = toml::from_str(text).map_err(|error| CatalogueError {
        file: name.to_owned(),
        line: error.span().map_or(1, |span| line_of(span.start)),
        problem: error.message().to_owned(),
    })?;
    let section = Section::from_word(file.section.get_ref()).ok_or_else(|| {
        let known = Section::ALL.map(Section::word).join(", ");
        let problem = format!("unknown section {:?}, expected one of {known}", file.section.get_ref());
        CatalogueError { file: name.to_owned(), line: line_of(file.section.span().start), problem }
    })?;
    let mut questions = Vec::with_capacity(file.question.len());
    for entry in file.question {
        let line = line_of(entry.span().start);
        let entry = entry.into_inner();
        if let Some(problem) = problem_of(name, &entry) {
            return Err(CatalogueError { file: name.to_owned(), line, problem });
        }
        let question = Question {
            key: QuestionKey(entry.key),
            section,
            wordings: Wordings { ko: entry.ko, en: entry.en },
            tags: entry.tags,
        };
        questions.push((question, line));
    }
    Ok(questions)
}

/// The sentence that says what is wrong with an entry, if anything is.
fn problem_of(name: &str, entry: &Entry) -> Option<String> {
    let key_fits = !entry.key.is_empty()
        && entry.key.len() <= 64
        && entry.key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !key_fits {
        return Some(format!("the key {:?} must be lower-case letters, digits and dashes", entry.key));
    }
    for (language, wording) in [("ko", &entry.ko), ("en", &entry.en)] {
        let topic = graphemes(&wording.topic);
        if topic == 0 || topic > TOPIC_GRAPHEMES {
            return Some(format!(
                "{}: the {language} topic has {topic} letters, it needs 1 to {TOPIC_GRAPHEMES}",
                entry.key
            ));
        }
        for (seat, sentence) in [("parent", &wording.parent), ("child", &wording.child)] {
            let length = graphemes(sentence);
            if length == 0 || length > WORDING_GRAPHEMES {
                return Some(format!(
                    "{}: the {language} {seat} wording has {length} letters, it needs 1 to {WORDING_GRAPHEMES}",
                    entry.key
                ));
            }
            if has_forbidden(sentence) || sentence.contains('\n') {
                return Some(format!(
                    "{}: the {language} {seat} wording holds a line break or control character",
                    entry.key
                ));
            }
            if let Some(unknown) = text::unknown_placeholder(sentence, &["other"]) {
                return Some(format!(
                    "{}: the {language} {seat} wording holds {unknown}; only {{other}} is filled in",
                    entry.key
                ));
            }
        }
    }
    (entry.key == FREE_QUESTION_KEY && name != FREE.0).then(|| format!("the key {FREE_QUESTION_KEY} is taken"))
}

#[cfg(test)]
#[path = "../catalogue_tests/mod.rs"]
mod tests;
