//! The futures that a request moves are small. A future that holds others inline is copied with all of them each time
//! it moves, and a page's was once 64 KiB.

use std::mem::size_of_val;

use super::app::TestApp;
use crate::{
    api,
    domain::AnswerBody,
    reads,
    server::services::{
        answers::{self, Sending},
        reader::{self, Reader},
        reading, sessions,
    },
};

/// The most bytes of such a future.
const MOST: usize = 8 * 1024;

#[tokio::test]
async fn the_futures_of_pages_and_answers_are_small() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let person = app.session_of(&pair.parent).await.person;
    let reader = Reader { person: person.clone(), home: None };
    let (state, id) = (&app.state, pair.id);
    let question = pair.parent.today(id).await.question.expect("a question").id;
    let body = AnswerBody::parse("답").expect("an answer");
    let answer = answers::submit(state, &person, question, 1, body, Sending::default());
    let client = std::net::Ipv4Addr::LOCALHOST.into();
    let sizes = [
        ("api::today", size_of_val(&api::today(id, None))),
        ("reads::archive", size_of_val(&reads::archive(id, None, 1))),
        ("reads::seat_return", size_of_val(&reads::seat_return(id))),
        ("reads::me", size_of_val(&reads::me())),
        ("reads::inbox", size_of_val(&reads::inbox())),
        ("reader::home_of", size_of_val(&reader::home_of(state, &reader))),
        ("reading::today", size_of_val(&reading::today(state, &reader, id))),
        ("reading::archive", size_of_val(&reading::archive(state, &reader, id, None, 1))),
        ("sessions::recognise", size_of_val(&sessions::recognise(state, "", client))),
        ("answers::submit", size_of_val(&answer)),
    ];
    let large = sizes.iter().filter(|(_, size)| *size > MOST).collect::<Vec<_>>();
    assert!(large.is_empty(), "{sizes:?}");
}
