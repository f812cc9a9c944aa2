//! The operator's own files of questions.

use super::*;

/// A data folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = std::env::temp_dir().join(format!("umbba-catalogue-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(folder.join("catalogue")).expect("a temporary folder");
        for (name, text) in files {
            fs::write(folder.join("catalogue").join(name), text).expect("a file");
        }
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A good entry; the tests break one line of it.
const GOOD: &str = r#"# our own
section = "school"

[[question]]
key = "village-well"
tags = ["place"]
[question.ko]
topic = "마을 우물"
parent = "마을 우물가에서는 어떤 이야기가 오갔나요?"
child = "{other:이/가} 물을 긷던 곳은 어디였을까요?"
[question.en]
topic = "The well"
parent = "What was talked about at the village well?"
child = "Where might {other} have drawn water?"
"#;

fn load(file: &str) -> Result<Catalogue, CatalogueError> {
    let folder = Folder::with(&[("x.toml", file.as_bytes())]);
    Catalogue::load(&folder.0)
}

#[test]
fn a_good_file_of_the_operator_is_added() {
    let loaded = load(GOOD).expect("a good file");
    assert_eq!(loaded.questions().len(), catalogue().questions().len() + 1);
    let own = loaded.questions().iter().find(|question| question.key.0 == "village-well").expect("the new question");
    assert_eq!(
        (own.section, own.wordings.ko.topic.as_str(), own.tags.as_slice()),
        (Section::School, "마을 우물", &["place".to_owned()][..])
    );
}

#[test]
fn several_files_are_added_and_other_files_are_left_alone() {
    let second = GOOD.replace("village-well", "village-mill");
    let folder = Folder::with(&[
        ("a.toml", GOOD.as_bytes()),
        ("b.toml", second.as_bytes()),
        ("notes.txt", b"[[["),
        ("a.toml~", b"[[["),
    ]);
    let loaded = Catalogue::load(&folder.0).expect("two good files");
    assert_eq!(loaded.questions().len(), catalogue().questions().len() + 2);
}

#[test]
fn no_folder_and_an_empty_one_are_fine() {
    let folder = Folder::with(&[]);
    assert!(Catalogue::load(&folder.0).is_ok());
    assert!(Catalogue::load(&folder.0.join("nowhere")).is_ok());
}

#[test]
fn a_broken_file_is_told_by_file_and_line() {
    let line = |number: usize, text: &str| {
        let mut lines: Vec<&str> = GOOD.lines().collect();
        lines[number - 1] = text;
        lines.join("\n")
    };
    let long = "가".repeat(TOPIC_GRAPHEMES + 1);
    let long = format!("topic = {long:?}");
    let endless = format!("parent = {:?}", "가".repeat(WORDING_GRAPHEMES + 1));
    for (what, file, expected_line, expected) in [
        ("a syntax error", line(8, "topic = "), 8, ""),
        ("an open string", line(9, "parent = \"마을"), 9, ""),
        ("an unknown field of an entry", line(6, "colour = \"red\""), 6, "colour"),
        ("an unknown field of a wording", line(8, "topic = \"마을 우물\"\nhint = \"h\""), 9, "hint"),
        ("an unknown section", line(2, "section = \"kitchen\""), 2, "kitchen"),
        ("no section", line(2, ""), 1, "section"),
        ("no English", GOOD.split("[question.en]").next().unwrap_or_default().to_owned(), 4, "en"),
        ("a topic too long", line(8, &long), 4, "topic has 13"),
        ("an empty topic", line(12, "topic = \"\""), 4, "en topic"),
        ("an endless wording", line(9, &endless), 4, "parent wording has 161"),
        ("a line break", line(9, "parent = \"마을\\n우물\""), 4, "line break"),
        ("a direction character", line(9, "parent = \"마을\\u202E우물\""), 4, "control character"),
        ("a key with blanks", line(5, "key = \"Village Well\""), 4, "Village Well"),
        ("a placeholder nobody fills", line(10, "child = \"{name}의 우물은요?\""), 4, "{name}"),
        ("a particle nobody knows", line(10, "child = \"{other:뿐/만} 아는 우물은요?\""), 4, "{other:뿐/만}"),
        ("a lonely brace", line(14, "child = \"Where { did it stand?\""), 4, "brace"),
        ("the free question's key", line(5, "key = \"free\""), 4, "free"),
    ] {
        let error = load(&file).err().unwrap_or_else(|| panic!("{what} was taken"));
        assert!(error.file.ends_with("catalogue/x.toml"), "{what}: {}", error.file);
        assert_eq!(error.line, expected_line, "{what}: {error}");
        assert!(error.problem.contains(expected), "{what}: {error}");
        let told = error.to_string();
        assert!(told.contains(&format!("catalogue/x.toml:{expected_line}: ")), "{what}: {told}");
        assert!(!told.trim_end().contains('\n'), "{what}: one sentence, not {told:?}");
    }
}

#[test]
fn a_key_that_is_taken_is_told_with_both_files() {
    let again = format!("{GOOD}\n{}", GOOD.split_once("\n\n").map_or("", |(_, entry)| entry));
    let error = load(&again).expect_err("the key is in the file twice");
    assert_eq!(error.line, 16, "{error}");
    assert!(error.problem.contains("village-well"), "{error}");

    let ours = GOOD.replace("village-well", FIRST_QUESTION_KEY);
    let error = load(&ours).expect_err("the key is ours");
    assert!(error.file.ends_with("catalogue/x.toml") && error.line == 4, "{error}");
    assert!(error.problem.contains(FIRST_QUESTION_KEY) && error.problem.contains("childhood.toml"), "{error}");
}

#[test]
fn a_file_that_is_no_text_is_told_by_its_name() {
    let folder = Folder::with(&[("x.toml", &[0xFF, 0xFE, 0x00])]);
    let error = Catalogue::load(&folder.0).expect_err("no text");
    assert!(error.file.ends_with("catalogue/x.toml"), "{error}");
}
