//! Tests of `umbba import`: a copy becomes a closed pair once, and what is refused is refused with a sentence.

use std::{fs, io::Write, path::PathBuf};

use zip::{ZipWriter, write::SimpleFileOptions};

use super::{Data, folder, refused, umbba, wait_for};

const PAIR: &str = r#"{"format":"umbba-archive","version":1,"language":"ko","pairs":[{
    "id":"01a20359-39ae-7b93-921b-5f70d4c4f248","you":"child","zone":"Asia/Seoul","push_time":"21:00",
    "created":{"ms":1796000000000,"local":"2026-11-30T09:53","zone":"Asia/Seoul"},
    "members":{"parent":null,"child":{"name":"민지","relation":"daughter","relation_word":""}},
    "seasons":[],"unopened":[],"cards":[],"a_field_of_later":true}]}"#;

fn copy(data: &Data, name: &str, json: &str) -> PathBuf {
    let path = data.join(name);
    let mut zip = ZipWriter::new(fs::File::create(&path).expect("a file"));
    zip.start_file("archive.json", SimpleFileOptions::default()).expect("an entry");
    zip.write_all(json.as_bytes()).expect("its text");
    zip.finish().expect("a zip");
    path
}

#[test]
fn a_copy_is_imported_once_and_anything_else_is_refused() {
    let data = folder("import");
    let sessions = data.join("sessions.txt").display().to_string();
    assert!(umbba(&data, "development", &["seed", "--pairs", "1", "--sessions", &sessions]).status.success());
    let person = wait_for(data.database.read_sql("SELECT MIN(id) FROM persons")).concat();
    let count = || wait_for(data.database.read_sql("SELECT CAST(COUNT(*) AS TEXT) FROM pairs")).concat();
    let import = |file: &PathBuf, person: &str| {
        umbba(&data, "development", &["import", &file.display().to_string(), "--person", person])
    };
    let good = copy(&data, "good.zip", PAIR);
    let nobody = "01a20359-39ae-7b93-921b-5f70d4c4f248";
    assert!(refused(&import(&data.join("missing.zip"), &person)).contains("cannot read"));
    assert!(refused(&import(&data.join("sessions.txt"), &person)).contains("not a whole zip file"));
    assert!(refused(&import(&good, nobody)).contains("there is no person"));
    let later = copy(&data, "later.zip", &PAIR.replace("\"version\":1", "\"version\":9"));
    assert!(refused(&import(&later, &person)).contains("of version 9"));
    assert_eq!(count(), "1", "nothing was changed");

    let done = import(&good, &person);

    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(String::from_utf8_lossy(&done.stdout).trim(), "imported pairs: 1, questions: 0");
    assert_eq!(count(), "2");
    assert!(refused(&import(&good, &person)).contains("here already"));
}
